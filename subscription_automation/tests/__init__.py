from . import test_automation, test_automation_tour, test_translations
