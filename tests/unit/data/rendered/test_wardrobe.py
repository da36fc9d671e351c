"""Who looks like whom."""

from collections import Counter

import numpy as np
import pytest

from streid.data.rendered.wardrobe import Pattern, draw_outfit, dress_identities


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_asked_share_of_identities_wears_others_clothes(share: float) -> None:
    looks = dress_identities(range(1, 101), seed=0, shared_clothes=share)
    groups = Counter(look.outfit for look in looks.values())
    shared = sum(size for size in groups.values() if size > 1)
    assert abs(shared - 100 * share) <= 2
    assert max(groups.values()) == (1 if share == 0 else 3)


def test_people_in_the_same_clothes_differ_otherwise() -> None:
    looks = dress_identities(range(1, 101), seed=0, shared_clothes=1.0)
    assert len(set(looks.values())) == 100


def test_looks_depend_on_seed_and_identities_only() -> None:
    forwards = dress_identities(range(1, 30), seed=2, shared_clothes=0.5)
    assert forwards == dress_identities(range(29, 0, -1), seed=2, shared_clothes=0.5)
    assert forwards != dress_identities(range(1, 30), seed=3, shared_clothes=0.5)


def test_every_garment_is_drawn() -> None:
    rng = np.random.default_rng(0)
    outfits = [draw_outfit(rng) for _ in range(500)]
    assert {outfit.upper_kind for outfit in outfits} == {"t-shirt", "shirt", "jacket", "coat", "dress"}
    assert {outfit.lower_kind for outfit in outfits} == {"trousers", "slim", "shorts", "skirt"}
    patterns = {cloth.pattern for outfit in outfits for cloth in (outfit.upper, outfit.lower)}
    assert patterns == set(Pattern) - {Pattern.FACE}
