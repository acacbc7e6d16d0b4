// A user of the library: loads a task, reads scores as probabilities, keeps them in a run.
#include <firstlight/report/export.h>
#include <firstlight/run/prediction.h>
#include <firstlight/run/store.h>
#include <firstlight/task/task.h>

#include <iostream>

int main() {
  const firstlight::Task task = firstlight::load_task("galaxy-morphology");
  std::cout << task.name << ": " << task.size() << " classes\n";

  firstlight::SampleRecord record;
  firstlight::LabelScores scores;
  for (std::size_t c = 0; c < task.size(); ++c) {
    scores.answers.push_back({{static_cast<int>(c)}, {c == 2 ? -0.1 : -3.0}});
  }
  record.scores = {{"main", scores}};
  const auto prediction = firstlight::predict(record, {});
  std::cout << task.classes[prediction.label.index()].key << " " << prediction.confidence() << "\n";
  return prediction.label == firstlight::ClassId{2} && !firstlight::exporters().empty() ? 0 : 1;
}
