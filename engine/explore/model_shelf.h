// The opened models: files, run folders with their snapshots, starters. Training runs publish here; lanes and exports take from here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/studio.h"
#include "engine/explore/model_source.h"
#include "engine/train/snapshot_sink.h"

namespace orrery {

// What the shelf is made of; the defaults are the program's own.
struct ShelfParts {
  std::function<std::shared_ptr<const Model>(const std::string& path, const std::string& device)> load;
  std::function<std::unique_ptr<Player>(std::shared_ptr<const Model>)> make_player;
  std::function<Kind(const std::string& system)> kind;
  std::string device = "cpu";
  std::string starters_folder;                        // "starter:emoji" is <folder>/emoji.safetensors
  std::size_t budget_bytes = std::size_t{512} << 20;  // of weights kept in memory beside the newest ones
};
ShelfParts shelf_parts(const std::string& device = "cpu", const std::string& starters_folder = {});

class ModelShelf : public Models, public SnapshotSink, public ModelSource {
 public:
  explicit ModelShelf(ShelfParts parts = shelf_parts());
  ~ModelShelf() override;

  // Models
  std::vector<ModelInfo> models() const override;
  void open(const std::string& path, std::function<void(Result<ModelInfo>)> done) override;
  void close(const std::string& id) override;
  void set_listener(Listener listener) override;

  // SnapshotSink. A run is watched while somebody asked for pictures of it in the last half minute.
  bool watched(const std::string& run_folder) const override;
  void publish(const std::string& run_folder, std::shared_ptr<const Model> model, const std::map<std::string, double>& metrics, bool keep) override;

  // ModelSource
  std::shared_ptr<const Model> resolve(const Request& request) override;
  std::string path_of(const Request& request) const override;
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override;

  // Opens on this thread: a model file, a run folder (its snapshots lie in <run>/snapshots/snapshot-*.safetensors), "starter:<name>", or an
  // id that models() gave. Opening twice gives the same entry, with the folder's snapshots read anew. Throws Error(bad_input).
  ModelInfo open_now(const std::string& path);
  // Throws Error(bad_input) when there is no such model.
  ModelInfo info(const std::string& id) const;
  // The request for one of the opened models whose weights have this SHA-256 (a starter is opened for it); nullopt when there is none.
  std::optional<Request> find_by_hash(const std::string& hash);
  // Asks the model for its controls again (after its directions were computed) and tells the listener.
  void refresh_controls(const std::string& id);

 private:
  struct Snapshot;
  struct Entry;
  class Opener;

  ModelInfo add(Entry entry);
  void describe(Entry& entry, const std::shared_ptr<const Model>& model) const;
  void tell(const ModelInfo& info);
  void forget_oldest();

  ShelfParts parts_;
  mutable std::mutex mutex_;                       // guards the two below and the clock; never held while a file is read or a listener called
  std::map<std::string, Entry> entries_;           // by ModelInfo::id
  Listener listener_;
  std::uint64_t clock_ = 0;                        // of uses, for the least recently used
  std::mutex loading_;                             // one file at a time
  std::unique_ptr<Opener> opener_;                 // the thread of open()
};

}  // namespace orrery
