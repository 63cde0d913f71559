// Becomes a Mesos cluster: a master and MESOS_NUM_SLAVES agents in one process.
//
//     start-cluster LIBRARY          flags come from the environment (MESOS_…, LIBPROCESS_…)
//
// The library holds all of Mesos, and one way in: whoever constructs a scheduler driver for the master "local" gets a
// cluster launched in his own process. The driver itself is never started, so its scheduler is never called, except
// to be told why the launch failed. No header of Mesos is at hand; what is passed over is laid out by hand below, and the
// functions are found under their mangled names.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "start-cluster: %s\n", what ? what : "unknown error");
  std::exit(1);
}

void* load(const char* library, int flags) {
  void* handle = dlopen(library, flags);
  if (!handle) fail(dlerror());
  return handle;
}

template <typename Function>
Function* find(void* library, const char* name) {
  void* address = dlsym(library, name);
  if (!address) fail(dlerror());
  return reinterpret_cast<Function*>(address);
}

// mesos::Scheduler: a virtual destructor, ten callbacks, the last of which is error(driver, message).
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void registered(void*, void*, void*) {}
  virtual void reregistered(void*, void*) {}
  virtual void disconnected(void*) {}
  virtual void resourceOffers(void*, void*) {}
  virtual void offerRescinded(void*, void*) {}
  virtual void statusUpdate(void*, void*) {}
  virtual void frameworkMessage(void*, void*, void*, void*) {}
  virtual void slaveLost(void*, void*) {}
  virtual void executorLost(void*, void*, void*, int) {}
  virtual void error(void*, const std::string& message) { fail(message.c_str()); }
};

// Option<std::string>: a state (0 some, 1 none) before the place of the value.
class OptionalName {
 public:
  OptionalName() : state_(1) {}
  explicit OptionalName(const char* name) : state_(0) { new (value_) std::string(name); }

 private:
  int state_;
  alignas(std::string) char value_[sizeof(std::string)];
};

#define MANGLED_STRING "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) fail("usage: start-cluster LIBRARY");
  load("libcpython.so", RTLD_NOW | RTLD_GLOBAL);
  void* mesos = load(arguments[1], RTLD_LAZY | RTLD_GLOBAL);

  // process::initialize(delegate, …): a request whose path names no process is the master's, as in mesos-master.
  static OptionalName master("master"), none;
  using Initialize = bool(const OptionalName&, const OptionalName&, const OptionalName&);
  find<Initialize>(mesos, "_ZN7process10initializeERK6OptionI" MANGLED_STRING "ES9_S9_")(master, none, none);

  // A FrameworkInfo (user "root", name "cluster") in its wire form, read into memory that is large enough for one.
  void* info = std::calloc(1, 1 << 16);
  find<void(void*)>(mesos, "_ZN5mesos13FrameworkInfoC1Ev")(info);
  using Parse = bool(void*, const std::string&);
  find<Parse>(mesos, "_ZN6google8protobuf11MessageLite15ParseFromStringERK" MANGLED_STRING)(
      info, std::string("\x0a\x04root\x12\x07" "cluster"));

  // MesosSchedulerDriver(scheduler, framework, master)
  using Construct = void(void*, Scheduler*, const void*, const std::string&);
  find<Construct>(mesos, "_ZN5mesos20MesosSchedulerDriverC1EPNS_9SchedulerERKNS_13FrameworkInfoERK" MANGLED_STRING)(
      std::calloc(1, 1 << 16), new Scheduler, info, std::string("local"));
  for (;;) pause();
}
