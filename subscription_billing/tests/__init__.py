from . import test_amend, test_documents, test_engine
