"""Places for event streams: none of them is lost, and nobody takes them all."""

from prices.live.places import Places


def test_all_places_can_be_taken_and_no_more() -> None:
    places = Places(streams=2)
    taken = [places.take(client) for client in ("203.0.113.1", "203.0.113.2", "203.0.113.3")]
    assert [place is None for place in taken] == [False, False, True]


def test_one_client_leaves_places_to_others() -> None:
    places = Places(streams=10, per_client=2)
    taken = [places.take("203.0.113.1") for _ in range(3)]
    assert [place is None for place in taken] == [False, False, True]
    assert places.take("203.0.113.2")


def test_a_proxy_on_this_machine_stands_for_many() -> None:
    places = Places(streams=10, per_client=2)
    assert all(places.take("127.0.0.1") for _ in range(10))


def test_a_place_is_given_back_once() -> None:
    places = Places(streams=2)
    first, second = places.take("203.0.113.1"), places.take("203.0.113.1")
    assert first
    assert second
    first.give_back()
    first.give_back()
    assert places.take("203.0.113.2")
    assert places.take("203.0.113.2") is None
