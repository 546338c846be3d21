"""A server that nobody has visited yet."""

from pathlib import Path

from tests.driving.serving import serving
from tests.e2e.conftest import Visit
from tests.pages.tiny_models import save_tiny_models


def test_page_asked_for_first_of_all_runs_through_the_app(visit: Visit, tmp_path: Path) -> None:
    save_tiny_models(tmp_path)
    with serving(tmp_path / "log.txt", {"HOURGLASS_CHECKPOINTS": str(tmp_path)}) as address:
        visit.open(f"{address}/reconstruct", "model=tiny-pca")
        sidebar = visit.page.get_by_test_id("stSidebar")
        sidebar.get_by_text("Data", exact=True).wait_for()
        assert visit.page.get_by_test_id("stAlert").count() == 0
