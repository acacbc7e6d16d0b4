#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "firstlight/hosted/prices.h"

namespace firstlight::hosted {

/// The small requests by which a model finds out what a server offers; they belong to no sample.
struct Probes {
  std::uint64_t requests = 0;
  Usage usage;
  std::optional<double> cost_usd;  ///< where the price is known
};

/// What a run and a hosted model share: answers that have arrived and are not in the run's tables
/// yet, what has been spent, and whether to go on. Every function is safe from any thread.
///
/// Arrived answers are kept in a file (`answers.jsonl` in the run folder, only while the run is not
/// finished), so that an interrupt or a kill loses none: what was paid for is asked once.
class Session {
 public:
  /// `stop` may be null; it outlives the session.
  explicit Session(const std::atomic<bool>* stop = nullptr, std::optional<double> max_cost_usd = {})
      : stop_(stop), max_cost_(max_cost_usd) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Reads what an interrupted run left in `path` and keeps new answers there. `spent_usd` is what
  /// the run's tables hold already, this session's probes not among it; `in_tables` tells whether
  /// they hold the answer of a key. Throws Error::internal where the file cannot be written.
  void attach(const std::string& path, double spent_usd,
              const std::function<bool(const std::string& key)>& in_tables);
  /// An answer kept under the key of its request.
  std::optional<std::string> find(const std::string& key) const;
  /// Keeps an answer; its cost counts from now on. Throws Error::internal for a full disk.
  void keep(const std::string& key, const std::string& answer, double cost_usd);
  /// All kept answers are in the run's tables: forgets them and empties the file.
  void committed();
  /// Removes the file of a run that is finished.
  void finish();

  /// Before a request: whether it may be sent, given what it will cost at most. A request that is
  /// on its way is set aside from the budget until `settle`.
  bool may_ask(double estimate_usd);
  void settle(double estimate_usd);

  /// Counts a probe; its cost is spent.
  void count_probe(const Usage& usage, std::optional<double> cost_usd);
  Probes probes() const;
  /// Notes a field that the server refuses and that requests go without from now on; false where
  /// that is known already.
  bool leave_out(const std::string& field);
  std::set<std::string> left_out() const;

  bool has_budget() const { return max_cost_.has_value(); }
  bool interrupted() const { return stop_ != nullptr && stop_->load(); }
  /// Whether a request was held back for its cost.
  bool over_budget() const;
  double spent_usd() const;

 private:
  const std::atomic<bool>* stop_;
  std::optional<double> max_cost_;
  mutable std::mutex mutex_;
  std::string path_;
  int file_ = -1;
  std::map<std::string, std::string> answers_;
  double spent_ = 0.0;
  double reserved_ = 0.0;
  bool over_budget_ = false;
  Probes probes_;
  std::set<std::string> left_out_;
};

}  // namespace firstlight::hosted
