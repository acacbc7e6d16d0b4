#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "firstlight/report/report.h"
#include "sample_report.h"
#include "temporary_folder.h"

namespace firstlight {
namespace {

/// check_page.py says what is checked; awkward names are among the classes.
TEST(ReportInBrowser, WorksAndStaysSilent) {
  const TemporaryFolder folder;
  ReportData labelled = sample_report(60);
  labelled.classes[1] = labelled.confusion[0].classes[1] = labelled.per_class[1].name =
      "<b>cigar\"</b> & 'co' </script>";
  labelled.gallery[2].id = "\"><img src=x onerror=alert(1)>";
  const std::string command =
      "python3 '" FIRSTLIGHT_TEST_DIR "/unit/report/check_page.py' '" +
      folder.write("labelled.html", render_report(labelled)) + "' '" +
      folder.write("unlabelled.html", render_report(unlabelled_report(60))) + "'";
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127)) {
    GTEST_SKIP() << "no Chromium or no python3 (Debian: chromium)";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace firstlight
