"""The contract: tests that every storage must pass.

They need pytest and hypothesis, which the rest of the package does not. A storage runs them from a test
module of its own:

        pytest.register_assert_rewrite("rentomatic.repository.contract")  # in conftest.py, for clearer
    failures

        class TestMyStorage(RepositoryContract):
                @classmethod
                @contextmanager
                def empty(cls) -> Iterator[RoomRepository]:
                        with TemporaryDirectory() as folder, closing(MyRepo(folder)) as repository:
                                yield repository
"""

from rentomatic.repository.contract.comparing import Comparing
from rentomatic.repository.contract.loading import Loading
from rentomatic.repository.contract.searching import Searching
from rentomatic.repository.contract.swapping import Swapping


class RepositoryContract(Searching, Loading, Swapping, Comparing):
    """The whole contract. A subclass, whose name begins with `Test`, provides `empty`."""
