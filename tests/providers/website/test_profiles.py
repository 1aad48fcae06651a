import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.website.profiles import profile


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://fi-fi.facebook.com/lumi/?ref=ts", "https://www.facebook.com/lumi"),
        ("https://m.facebook.com/profile.php?id=1000123&sk=about", "https://www.facebook.com/profile.php?id=1000123"),
        ("https://www.facebook.com/pages/Lumi/12345", "https://www.facebook.com/pages/Lumi/12345"),
        ("http://instagram.com/lumi.cafe/?hl=fi", "https://www.instagram.com/lumi.cafe"),
        ("https://twitter.com/lumi", "https://x.com/lumi"),
        ("https://twitter.com/#!/lumi", "https://x.com/lumi"),
        ("https://fi.linkedin.com/company/lumi-oy/about/", "https://www.linkedin.com/company/lumi-oy"),
        ("https://www.youtube.com/@lumi?sub_confirmation=1", "https://www.youtube.com/@lumi"),
        ("https://www.youtube.com/channel/UCabc/videos", "https://www.youtube.com/channel/UCabc"),
        ("https://www.tiktok.com/@lumi?lang=fi", "https://www.tiktok.com/@lumi"),
        ("https://www.pinterest.de/lumi/", "https://www.pinterest.com/lumi"),
        ("https://api.whatsapp.com/send?phone=%2B358401234567", "https://wa.me/358401234567"),
        ("https://t.me/lumicafe", "https://t.me/lumicafe"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.instagram.com%2Flumi", "https://www.instagram.com/lumi"),
        (
            "https://www.tripadvisor.fi/Restaurant_Review-g1-d2-Reviews-Lumi-Helsinki.html?m=1",
            "https://www.tripadvisor.com/Restaurant_Review-g1-d2-Reviews-Lumi-Helsinki.html",
        ),
    ],
)
def test_a_profile_has_one_form(url: str, form: str) -> None:
    found = profile(url)

    assert found is not None
    assert found.url == form
    assert profile(form) == found


@pytest.mark.parametrize(
    "url",
    [
        "https://www.facebook.com/sharer/sharer.php?u=x",
        "https://www.facebook.com/dialog/share?app_id=1",
        "https://www.facebook.com/lumi/posts/123",
        "https://www.facebook.com/wix",
        "https://www.facebook.com/",
        "https://www.instagram.com/p/Cxyz/",
        "https://twitter.com/intent/tweet?text=x",
        "https://x.com/lumi/status/1",
        "https://www.linkedin.com/shareArticle?url=x",
        "https://www.youtube.com/watch?v=x",
        "https://www.tiktok.com/@lumi/video/1",
        "https://www.pinterest.com/pin/create/button/?url=x",
        "https://wa.me/?text=x",
        "https://t.me/share/url?url=x",
        "https://www.tripadvisor.com/",
        "https://www.lumi.fi/facebook",
    ],
)
def test_sharing_posts_and_strangers_are_no_profiles(url: str) -> None:
    assert profile(url) is None


@given(st.sampled_from(["facebook.com", "x.com", "wa.me", "t.me", "www.youtube.com"]), st.text(max_size=60))
def test_any_url_can_be_asked(host: str, path: str) -> None:
    found = profile(f"https://{host}/{path}")
    assert found is None or profile(found.url) is not None
