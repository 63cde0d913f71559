"""What the search found, each as the steps that it was shrunk to: a seed dies with the next change of what is drawn."""

from __future__ import annotations

import pytest

from actors.simulation.plan import Plan, Step
from actors.simulation.scenarios import SCENARIOS, run
from actors.simulation.story import story
from actors.simulation.users import Definition

REGRESSIONS = {
    "an app that is put as it is does not hold up who depends on it": (
        "crashes",
        Plan(
            136,
            60.0,
            (
                Step(
                    "put",
                    14.6,
                    (
                        (
                            ("/cache", Definition("serve 7", 3, ("/db",), minimum=0.0, over=0.5, checked=True)),
                            ("/db", Definition("serve 8", 3, minimum=0.0, over=0.5, checked=True)),
                        ),
                        False,
                    ),
                ),
                Step("put", 37.5, ((("/db", Definition("serve 6", 3, over=0.5)),), True)),
                Step(
                    "put",
                    41.1,
                    (
                        (
                            ("/cache", Definition("serve 5", 2, ("/db",), minimum=0.0, over=0.5, checked=True)),
                            ("/db", Definition("serve 6", 3, over=0.5)),
                        ),
                        False,
                    ),
                ),
            ),
            agents=4,
        ),
    ),
    "what was refused orders nothing": (
        "crashes",
        Plan(
            48,
            60.0,
            (
                Step("put", 15.952, ((("/cache", Definition("serve 1", 5, over=0.0)),), True)),
                Step(
                    "put",
                    24.108,
                    (
                        (
                            ("/cache", Definition("serve 1", 0, ("/db",), over=0.0)),
                            ("/db", Definition("serve 2", 3, minimum=0.0, over=0.5)),
                        ),
                        False,
                    ),
                ),
                Step("pause master", 0.0, (99, 24.65), "acknowledged", 2),
                Step("fail task", 38.829, (0,)),
            ),
            agents=1,
        ),
    ),
    "a launch that died with its agent's process runs nowhere": (
        "crashes",
        Plan(
            15,
            60.0,
            (
                Step("put", 34.294, ((("/cache", Definition("serve 4", 3, minimum=0.0, over=0.5)),), False)),
                Step("kill agent", 0.0, (20, 0.5), "launch", 2),
            ),
            agents=1,
        ),
    ),
    "an upgrade that was cancelled for another app is not finished by putting the same again": (
        "crashes",
        Plan(
            1058,
            60.0,
            (
                Step("put", 8.075, ((("/db", Definition("serve 1", 3, checked=True)),), True)),
                Step("put", 8.242, ((("/db", Definition("serve 1", 3, checked=True)),), False)),
                Step(
                    "put",
                    14.457,
                    (
                        (
                            ("/cache", Definition("serve 3", 1, minimum=0.5, over=0.5)),
                            ("/db", Definition("serve 4", 2, over=0.5)),
                            ("/web", Definition("serve 5", 1, ("/cache",), minimum=0.5, over=0.0)),
                        ),
                        True,
                    ),
                ),
                Step("put", 38.141, ((("/web", Definition("serve 2", 4, minimum=0.0, over=0.5)),), True)),
                Step("put", 45.337, ((("/db", Definition("serve 4", 2, over=0.5)),), True)),
                Step("last words", 0.719, (0.1, 1.0), "put", 3),
            ),
            agents=2,
        ),
    ),
    "a launch under way when its app is put again was ordered before": (
        "leaders",
        Plan(
            1232,
            60.0,
            (
                Step(
                    "put",
                    0.493,
                    (
                        (
                            ("/cache", Definition("serve 1", 2, ("/db",), minimum=0.0, over=0.0)),
                            ("/db", Definition("serve 2", 1, minimum=0.5, over=0.5)),
                            ("/web", Definition("serve 3", 4, ("/cache",))),
                        ),
                        True,
                    ),
                ),
                Step("put", 2.851, ((("/web", Definition("serve 7", 2, over=0.5)),), False)),
                Step(
                    "put",
                    3.732,
                    (
                        (
                            ("/db", Definition("serve 6", 3, minimum=0.0)),
                            ("/web", Definition("serve 7", 1, ("/db",), over=0.5)),
                        ),
                        True,
                    ),
                ),
            ),
            agents=2,
        ),
    ),
    "an agent does not wait for ever for a master that stood still when it was asked, and died without a word": (
        "crashes",
        Plan(
            388,
            60.0,
            (
                Step("put", 14.224, ((("/web", Definition("serve 7", 4, over=1.0, checked=True)),), True)),
                Step("pause master", 0.87, (88, 33.09), after="durable", count=19),
                Step("kill agent", 0.931, (71, 15.27), after="acknowledged", count=2),
                Step("last words", 51.496, (0.1, 1.0)),
            ),
            agents=1,
        ),
    ),
    "a launch that was not confirmed is asked for": (
        "network",
        Plan(
            717,
            60.0,
            (
                Step("put", 13.068810637522931, ((("/db", Definition("serve 1", 2, minimum=1.0, over=0.0)),), True)),
                Step("put", 51.33779495289841, ((("/web", Definition("serve 2", 2, minimum=1.0, over=0.0)),), True)),
                Step(
                    "put", 51.56990258592522, ((("/cache", Definition("serve 3", 1, minimum=0.5, checked=True)),), True)
                ),
                Step("reset one", 51.60145529292467, (48, 51)),
                Step("kill service", 9.394310709469098, (65, 8.84)),
            ),
            agents=3,
        ),
    ),
    "offers are asked for again when nobody heard that they are wanted": (
        "network",
        Plan(
            1317,
            60.0,
            (
                Step(
                    "put",
                    8.64846904423078,
                    (
                        (
                            ("/cache", Definition("serve 2", 3, ("/db",), over=0.5)),
                            ("/db", Definition("serve 3", 1, over=0.5)),
                            ("/web", Definition("serve 4", 1, ("/cache",), minimum=0.5, over=0.5)),
                        ),
                        False,
                    ),
                ),
                Step("cut", 0.0, (44, 25.58), "promised", 1),
                Step("reset one", 12.542241484906336, (63, 50)),
            ),
            agents=1,
        ),
    ),
    "what closes a connection may be on its way for a second": (
        "network",
        Plan(
            1452,
            60.0,
            (
                Step("put", 1.8753410250749343, ((("/web", Definition("serve 1", 1, minimum=0.0)),), True)),
                Step(
                    "put",
                    9.562239092196215,
                    (
                        (
                            ("/cache", Definition("serve 2", 3, minimum=0.0, checked=True)),
                            ("/db", Definition("serve 3", 3, over=0.5)),
                        ),
                        True,
                    ),
                ),
                Step("reset", 58.20710557323803, (16,)),
                Step("slow network", 0.534560263381259, (1,), "subscribe", 1),
            ),
            agents=2,
        ),
    ),
    "a repeated update that is behind its acknowledgement in a mailbox is not another one": (
        "crashes",
        Plan(
            114,
            60.0,
            (
                Step(
                    "put",
                    2.3269314708616613,
                    (
                        (
                            ("/db", Definition("serve 7", 4, over=0.0)),
                            ("/web", Definition("serve 8", 3, ("/db",), minimum=0.0, over=0.0)),
                        ),
                        True,
                    ),
                ),
                Step(
                    "put",
                    9.845963818546009,
                    (
                        (
                            ("/cache", Definition("serve 9", 4, minimum=0.0)),
                            ("/db", Definition("serve 10", 1)),
                            ("/web", Definition("serve 11", 1, ("/db",), minimum=0.5, over=0.0, checked=True)),
                        ),
                        True,
                    ),
                ),
                Step("pause master", 36.02767867974872, (88, 0.5)),
                Step("pause master", 0.017367465782594994, (66, 39.68), "durable", 3),
            ),
            agents=2,
        ),
    ),
    "who depends on an app that shrinks waits until it is healthy": (
        "crashes",
        Plan(
            604,
            60.0,
            (
                Step("put", 7.515, ((("/db", Definition("serve 2", 3, minimum=0.5, over=0.5)),), True)),
                Step(
                    "put",
                    13.633,
                    (
                        (
                            ("/cache", Definition("serve 1", 4, ("/db",), minimum=1.0, over=1.0)),
                            ("/db", Definition("serve 2", 2, minimum=0.5, over=0.5)),
                            ("/web", Definition("serve 3", 3, minimum=0.0, over=1.0)),
                        ),
                        True,
                    ),
                ),
                Step("last words", 5.444, (8.24, 1.0)),
            ),
            agents=3,
        ),
    ),
    "an agent that stood still starts what was given up meanwhile": (
        "network",
        Plan(
            447,
            60.0,
            (
                Step("put", 4.115837401495945, ((("/cache", Definition("serve 3", 0, minimum=0.0, over=0.0)),), False)),
                Step("put", 9.691359200505662, ((("/cache", Definition("serve 3", 4, minimum=0.0, over=0.0)),), True)),
                Step("put", 13.928976255450236, ((("/web", Definition("serve 1", 1, minimum=0.5, over=0.0)),), False)),
                Step(
                    "put",
                    29.149131203174292,
                    (
                        (
                            ("/db", Definition("serve 4", 3, over=0.0)),
                            ("/web", Definition("serve 5", 4, ("/db",), minimum=0.5, over=0.0)),
                        ),
                        False,
                    ),
                ),
                Step("lose agent with full disk", 0.0, (12, 24.01), "accept", 3),
                Step("kill service", 0.0012465188266059897, (26, 0.5), "provisioned", 5),
                Step("stall disk and reset", 0.0029920016299754505, (90, 2), "durable", 11),
            ),
            agents=4,
        ),
    ),
    "a reconciliation whose call was lost begins anew at once": (
        "network",
        Plan(
            669,
            60.0,
            (
                Step("put", 5.451449864773189, ((("/db", Definition("serve 1", 4, minimum=0.5, over=0.5)),), True)),
                Step(
                    "put",
                    48.41024287277026,
                    (
                        (
                            ("/cache", Definition("serve 2", 3, over=0.0)),
                            ("/web", Definition("serve 3", 1, over=0.5, checked=True)),
                        ),
                        True,
                    ),
                ),
                Step("kill service", 0.0, (69, 0.5), "provisioned", 7),
                Step("lose calls", 0.012169190301517287, (27, 0.0018), "subscribe", 1),
            ),
            agents=2,
        ),
    ),
    "a kill that could not be sent at once is judged by when it was decided": (
        "crashes",
        Plan(
            1980,
            60.0,
            (
                Step("put", 2.2503629019934346, ((("/web", Definition("serve 5", 4, minimum=0.0, over=1.0)),), True)),
                Step("put", 6.770339926336226, ((("/web", Definition("serve 6", 3, minimum=1.0, over=0.0)),), True)),
                Step(
                    "put",
                    12.637572143293784,
                    (
                        (
                            ("/cache", Definition("serve 2", 2, ("/db",), minimum=0.5, over=1.0, checked=True)),
                            ("/db", Definition("serve 3", 1, minimum=0.0, over=0.5)),
                            ("/web", Definition("serve 4", 2, ("/db", "/cache"), minimum=0.5, over=1.0)),
                        ),
                        False,
                    ),
                ),
                Step("last words", 0.0, (5.33, 1.0), "launch", 3),
            ),
            agents=2,
        ),
    ),
    "a launch that crosses an agent's registration is not lost": (
        "network",
        Plan(
            1280,
            60.0,
            (
                Step("put", 4.311384128386411, ((("/cache", Definition("serve 1", 2, minimum=1.0, over=0.0)),), True)),
                Step("cut", 0.6479598587489654, (76, 32.37)),
                Step("reset", 28.49106848128781, (72,)),
                Step("slow network", 13.911976528649564, (19.52,)),
            ),
            agents=3,
        ),
    ),
    "a node that comes back before its old run is removed does not call itself": (
        "cluster",
        Plan(0, 60.0, (Step("kill node", 3.1, (0, 0.5)),), agents=1),
    ),
    "nothing starts on a node that knows that it was removed": (
        "cluster",
        Plan(
            271,
            60.0,
            (
                Step("deposit", 0.4604647165708792, (51, "account-1", 4)),
                Step("deposit", 2.7691216549230067, (20, "account-1", 2)),
                Step("leave", 3.0891888496513813, (63,)),
                Step("deposit", 5.614930833847451, (41, "account-2", 3)),
                Step("deposit", 18.8191646529272, (40, "account-1", 2)),
                Step("pause node", 0.0, (61, 0.5), "session over", 1),
                Step("pause node", 0.2353616113213277, (88, 26.27), "promised", 2),
                Step("slow network", 0.0, (1,), "promised", 2),
                Step("cut", 0.0007214509482622405, (62, 8.66), "deposit", 7),
            ),
            agents=1,
        ),
    ),
}


@pytest.mark.real
@pytest.mark.parametrize("name", REGRESSIONS)
def test_what_was_found_once_holds(name: str) -> None:
    scenario, plan = REGRESSIONS[name]
    outcome = run(SCENARIOS[scenario], plan)
    steps = list(range(len(plan.steps)))
    assert outcome.violation is None, story(scenario, plan, outcome, steps, len(steps))
