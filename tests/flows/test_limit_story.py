"""The free plan's minute: sixty pass, the rest wait exactly as long as they are told."""

import time

from tests.platform import Platform


def test_sixty_of_seventy_pass_and_who_waits_gets_through(platform: Platform) -> None:
    client = platform.account("free@example.com", plan="free")
    answers = [client.get("/account") for _ in range(70)]
    codes = [answer.status_code for answer in answers]
    assert codes == [200] * 60 + [429] * 10
    last = answers[-1]
    assert last.json()["error"]["retry_after"] == int(last.headers["retry-after"]) >= 1
    assert all("retry-after" not in answer.headers for answer in answers[:60])
    time.sleep(int(last.headers["retry-after"]))
    assert client.get("/account").status_code == 200
