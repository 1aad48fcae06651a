from models import base, migrations
def test_snapshot(database):
    with base.snapshot():
        print(base.rows("SELECT 1"))
    with base.transaction():
        with base.transaction():
            assert base.rows("SELECT ?", (1,)) in ([(1,)],[("1",)])
    assert not migrations.pending()
