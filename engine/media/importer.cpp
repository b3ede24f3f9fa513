#include "engine/media/importer.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>
#include <unordered_map>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/data/store.h"
#include "engine/data/store_writer.h"
#include "engine/media/picture.h"
#include "engine/media/producer.h"

namespace orrery::media {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto report_interval = std::chrono::milliseconds(50);
constexpr std::uint64_t most_waiting_bytes = std::uint64_t{64} << 20;

// 0, 1, 2, 10 by value where all names are numbers, else by bytes.
void sort_classes(std::vector<std::string>& names) {
  const auto number = [](const std::string& name, long long& value) {
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    return error == std::errc() && end == name.data() + name.size();
  };
  long long a = 0, b = 0;
  const bool numbers = std::all_of(names.begin(), names.end(), [&](const auto& name) { return number(name, a); });
  std::sort(names.begin(), names.end(), [&](const auto& left, const auto& right) {
    if (!numbers) return left < right;
    number(left, a);
    number(right, b);
    return a < b;
  });
}

class Importer {
 public:
  Importer(const ImportOptions& options, data::ImportObserver& observer) : options_(options), observer_(observer) {}

  DatasetInfo run() {
    refuse_foreign_file();
    list_.emplace();
    report(true);
    const SourceList sources = list();
    progress_.listing = false;
    data::StoreWriter writer(options_.out);
    for (const auto& problem : sources.refused) skip(problem.file, problem.reason);
    for (const auto& problem : sources.notes) note(problem.file, problem.reason);
    take(sources, writer);
    finish(writer);
    report(true);
    return data::Store::open(options_.out)->info();
  }

 private:
  const ImportOptions& options_;
  data::ImportObserver& observer_;
  data::ImportProgress progress_;
  Clock::time_point reported_{};
  std::optional<ListingProgress> list_;
  data::StoreExtras extras_;
  std::unordered_map<std::string, std::int64_t> classes_;  // name -> number in order of appearance
  std::unordered_map<data::ContentHash, std::string, data::ContentHasher> taken_;

  // A store may be replaced by a newer one; anything else under that name was not meant.
  void refuse_foreign_file() const {
    std::error_code error;
    if (!std::filesystem::exists(options_.out, error)) return;
    try {
      data::Store::open(options_.out);
    } catch (const Error&) {
      throw Error(ErrorCode::wrong_use, data::readable_name(options_.out) + " is there already and is not a data set.", "It was not touched.", "Choose another name.");
    }
  }

  void stop_if_cancelled() {
    if (!observer_.cancelled()) return;
    list_->cancelled = true;
    throw Error(ErrorCode::cancelled, "The import was cancelled.", "No data set was written; what was there before is untouched.", "Import again when you like.");
  }

  void report(bool now = false) {
    if (!now && Clock::now() - reported_ < report_interval) return;
    reported_ = Clock::now();
    observer_.progress(progress_);
  }

  SourceList list() {
    SourceList sources;
    std::exception_ptr failed;
    std::atomic<bool> done{false};
    std::thread thread([&] {
      try {
        sources = list_sources(options_.sources, options_.out, options_.size_px, *list_);
        if (options_.classes == ClassSource::folders && !list_->cancelled) name_classes(options_.sources, sources);
      } catch (...) {
        failed = std::current_exception();
      }
      done = true;
    });
    struct Join {
      std::thread& thread;
      ~Join() { thread.join(); }
    };
    {
      const Join join{thread};
      while (!done) {
        stop_if_cancelled();
        progress_.total = list_->found;
        progress_.current = list_->last_name();
        report();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    if (failed) std::rethrow_exception(failed);
    if (options_.classes == ClassSource::file && std::all_of(sources.sources.begin(), sources.sources.end(), [](const auto& source) { return source->metadata.classes.empty(); })) {
      throw Error(ErrorCode::bad_input, "No file with classes was found (dataset.json, metadata.csv or metadata.jsonl with labels).", "Nothing was changed.", "Add one, or choose --classes folders or none.");
    }
    return sources;
  }

  void take(const SourceList& sources, data::StoreWriter& writer) {
    std::atomic<std::int64_t> expected{progress_.seen};
    for (const auto& source : sources.sources) expected += static_cast<std::int64_t>(source->listing.items.size());
    const std::uint64_t picture_bytes = static_cast<std::uint64_t>(options_.size_px) * static_cast<std::uint64_t>(options_.size_px) * 3;
    const auto window = static_cast<std::size_t>(std::clamp<std::uint64_t>(most_waiting_bytes / picture_bytes, 8, 256));
    const int workers = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 8);
    Producer producer(options_, sources, expected);
    ImportPipeline pipeline(workers, window, most_waiting_bytes, [&](ImportPipeline& to) { producer.run(to); }, end_picture_thread);
    for (bool finished = false; !finished;) {
      stop_if_cancelled();
      if (auto outcome = pipeline.next(report_interval)) count(std::move(*outcome), writer);
      else finished = pipeline.finished();
      progress_.total = std::max<std::int64_t>(expected, progress_.seen);
      report();
    }
  }

  void count(Outcome outcome, data::StoreWriter& writer) {
    progress_.current = outcome.shown;
    for (const auto& text : outcome.notes) {
      if (outcome.error.empty()) note(outcome.shown, text);
    }
    if (outcome.only_notes) return;
    if (!outcome.error.empty()) return skip(outcome.shown, outcome.error);
    const auto [same, is_new] = taken_.try_emplace(outcome.hash, outcome.shown);
    if (!is_new) return skip(outcome.shown, "the same as " + same->second);
    std::int64_t label = -1;
    if (!outcome.class_name.empty()) label = classes_.try_emplace(outcome.class_name, static_cast<std::int64_t>(classes_.size())).first->second;
    writer.add_encoded(outcome.png, {.source = outcome.shown, .label = label, .caption = std::move(outcome.caption)});
    has_unclassed_ = has_unclassed_ || label < 0;
    ++progress_.taken;
    ++progress_.seen;
  }
  bool has_unclassed_ = false;

  void skip(const std::string& file, const std::string& reason) {
    add_problem({file, reason, false});
    ++progress_.skipped;
    ++progress_.seen;
  }
  void note(const std::string& file, const std::string& reason) { add_problem({file, reason, true}); }
  void add_problem(ImportProblem problem) {
    observer_.problem(problem);
    extras_.problems.push_back(std::move(problem));
  }

  void finish(data::StoreWriter& writer) {
    if (writer.size() == 0) {
      std::string why = "there are no files";
      for (const auto& problem : extras_.problems) {
        if (problem.kept) continue;
        why = problem.file + ": " + problem.reason + (progress_.skipped > 1 ? ", and " + std::to_string(progress_.skipped - 1) + " more" : "");
        break;
      }
      throw Error(ErrorCode::bad_input, "No picture could be taken (" + why + ").", "Nothing was written.", "Choose a folder, zip, film, font or pictures.");
    }
    name_labels(writer);
    extras_.name = data::readable_name(std::filesystem::path(options_.out).stem().string());
    extras_.seen = progress_.seen;
    extras_.skipped = progress_.skipped;
    stop_if_cancelled();
    writer.finish(std::move(extras_));
  }

  // Classes by name instead of by appearance; pictures without one, where others have one, get a class of their own.
  void name_labels(data::StoreWriter& writer) {
    const std::string none = "(none)";
    if (has_unclassed_ && !classes_.empty()) classes_.try_emplace(none, static_cast<std::int64_t>(classes_.size()));
    if (classes_.size() < 2) return;
    for (const auto& [name, number] : classes_) extras_.class_names.push_back(name);
    sort_classes(extras_.class_names);
    std::vector<std::int64_t> to(classes_.size());
    for (std::size_t i = 0; i < extras_.class_names.size(); ++i) to[static_cast<std::size_t>(classes_.at(extras_.class_names[i]))] = static_cast<std::int64_t>(i);
    const auto unclassed = has_unclassed_ ? to[static_cast<std::size_t>(classes_.at(none))] : -1;
    writer.relabel([&](std::int64_t label) { return label < 0 ? unclassed : to[static_cast<std::size_t>(label)]; });
  }
};

}  // namespace

DatasetInfo import_pictures(const ImportOptions& options, data::ImportObserver& observer) { return Importer(options, observer).run(); }

}  // namespace orrery::media
