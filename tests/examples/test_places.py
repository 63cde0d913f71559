"""Where nodes meet, and how they call each other."""

import pytest

from examples.load import parse_profile
from examples.places import address_towards


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5050",
        "http://127.0.0.1",
        "zk://user:pass@127.0.0.1:2181,10.0.0.1:2181/mesos",
        "zk://127.0.0.1/x",
    ],
)
def test_a_node_listens_where_it_reaches_the_first_host_from(url):
    assert address_towards(url) == "127.0.0.1"


def test_a_profile_is_seconds_and_rates():
    assert parse_profile("60x10,30x0.5") == [(60.0, 10.0), (30.0, 0.5)]
    with pytest.raises(ValueError, match="a profile is SECONDSxRATE,SECONDSxRATE,… and not '60'"):
        parse_profile("60")
