from . import (
    test_index,
    test_index_import,
    test_index_insee,
    test_index_reading,
    test_index_tour,
    test_index_value,
    test_revision,
    test_revision_access,
    test_revision_evidence,
    test_revision_paper,
    test_revision_tour,
    test_translations,
)
