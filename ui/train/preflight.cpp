#include "ui/train/preflight.h"

#include <unistd.h>

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QLocale>
#include <QStorageInfo>
#include <algorithm>

namespace orrery::ui {
namespace {

using Level = PreflightItem::Level;
using Fix = PreflightItem::Fix;

QString tr(const char* text) { return QCoreApplication::translate("Preflight", text); }

constexpr qint64 kScarceBytes = qint64{1} << 30;     // checkpoints of a small run need some hundreds of MB
constexpr qint64 kTooLittleBytes = qint64{100} << 20;
constexpr std::int64_t kFewPictures = 500;           // below this a GAN mostly learns its pictures by heart

const std::vector<std::string> kBatchPaths{"train.batch", "batch", "training.batch"};

void checkSystem(const PreflightFacts& facts, std::vector<PreflightItem>& items) {
  if (!facts.system) {
    items.push_back({Level::blocks, tr("No system is chosen."), tr("Choose one from the catalogue."), Fix::catalogue, tr("Catalogue"), {}});
    return;
  }
  if (!facts.config) {
    items.push_back({Level::blocks, tr("The preset \"%1\" could not be read.").arg(QString::fromStdString(facts.options.preset)), tr("Choose another preset."), Fix::none, {}, {}});
  }
}

void checkData(const PreflightFacts& facts, std::vector<PreflightItem>& items) {
  const QLocale locale;
  if (facts.options.data.empty()) {
    items.push_back({Level::blocks, tr("No pictures are chosen."), tr("Drop a folder on the window, or choose a data set."), Fix::choose_data, tr("Import"), {}});
    return;
  }
  if (facts.data_looking) {
    items.push_back({Level::looking, tr("Looking at the pictures..."), {}, Fix::none, {}, {}});
    return;
  }
  if (facts.data_error) {
    items.push_back({Level::blocks, QString::fromStdString(facts.data_error->what_happened), QString::fromStdString(facts.data_error->what_to_do), Fix::choose_data, tr("Import"), {}});
    return;
  }
  if (!facts.data) return;
  const auto& data = *facts.data;
  if (data.channels == 0) return items.push_back({Level::good, tr("Points in the plane, drawn anew in every step."), {}, Fix::none, {}, {}});
  const double batch = facts.config ? facts.config->number(kBatchPaths, facts.options.set).value_or(1.0) : 1.0;
  const auto needed = std::max<std::int64_t>(2, static_cast<std::int64_t>(batch));
  if (data.taken < needed) {
    items.push_back({Level::blocks, tr("There are only %1 pictures; one step needs %2.").arg(locale.toString(qlonglong(data.taken)), locale.toString(qlonglong(needed))),
                     tr("Import more pictures, or set a smaller batch."), Fix::choose_data, tr("Import"), {}});
  } else if (data.taken < kFewPictures) {
    items.push_back({Level::warning, tr("%1 pictures are few: the model may learn them by heart.").arg(locale.toString(qlonglong(data.taken))),
                     tr("Keep augmentation on, or add pictures."), Fix::none, {}, {}});
  } else {
    items.push_back({Level::good, tr("%1 pictures of %2 x %3 px.").arg(locale.toString(qlonglong(data.taken))).arg(data.width_px).arg(data.height_px), {}, Fix::none, {}, {}});
  }
}

void checkKeys(const PreflightFacts& facts, std::vector<PreflightItem>& items) {
  if (!facts.config) return;
  for (const auto& [path, text] : facts.options.set) {
    if (const auto why = facts.config->check(path, text)) {
      items.push_back({Level::blocks, QStringLiteral("%1 = %2: %3").arg(QString::fromStdString(path), QString::fromStdString(text), *why),
                       tr("Correct it or take it back."), Fix::drop_key, tr("Take back"), path});
    }
  }
}

void checkFolder(const PreflightFacts& facts, std::vector<PreflightItem>& items) {
  const auto& folder = facts.folder;
  const QLocale locale;
  if (facts.options.out.empty()) {
    items.push_back({Level::blocks, tr("The run has no folder."), tr("Name one."), Fix::free_folder, tr("Suggest one"), {}});
  } else if (folder.exists && !folder.is_folder) {
    items.push_back({Level::blocks, tr("A file stands where the run's folder should be."), tr("Choose another place."), Fix::free_folder, tr("Suggest one"), {}});
  } else if (facts.folder_in_use) {
    items.push_back({Level::blocks, tr("Another run is writing to this folder."), tr("Choose another folder."), Fix::free_folder, tr("Suggest one"), {}});
  } else if (!folder.writable) {
    items.push_back({Level::blocks, tr("The folder cannot be written."), tr("Choose another place."), Fix::free_folder, tr("Suggest one"), {}});
  } else if (folder.exists && !folder.empty && !facts.options.resume) {
    items.push_back({Level::blocks, tr("The folder is not empty."), tr("Choose another, or go on with the run that lies there."), Fix::free_folder, tr("Use another"), {}});
  } else if (facts.options.resume && (!folder.exists || folder.empty)) {
    items.push_back({Level::blocks, tr("There is no run to go on with in this folder."), tr("Switch \"Go on with this run\" off."), Fix::resume, tr("Start anew"), {}});
  }
  if (folder.free_bytes >= 0 && folder.free_bytes < kTooLittleBytes) {
    items.push_back({Level::blocks, tr("The disk is full: %1 free.").arg(locale.formattedDataSize(folder.free_bytes)), tr("Free some space, or choose another place."), Fix::none, {}, {}});
  } else if (folder.free_bytes >= 0 && folder.free_bytes < kScarceBytes) {
    items.push_back({Level::warning, tr("The disk has only %1 free.").arg(locale.formattedDataSize(folder.free_bytes)), tr("Snapshots may fill it."), Fix::none, {}, {}});
  }
}

}  // namespace

FolderState lookAtFolder(const QString& path) {
  FolderState state;
  const QFileInfo info(path);
  state.exists = info.exists() || info.isSymLink();
  state.is_folder = !state.exists || info.isDir();
  state.empty = !state.exists || QDir(path).isEmpty(QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden | QDir::System);
  QString standing = info.absoluteFilePath();
  while (!QFileInfo::exists(standing) && standing != QLatin1String("/")) standing = QFileInfo(standing).absolutePath();
  state.writable = QFileInfo(standing).isDir() && ::access(QFile::encodeName(standing).constData(), W_OK | X_OK) == 0;
  const QStorageInfo storage(standing);
  if (storage.isValid()) state.free_bytes = storage.bytesAvailable();
  return state;
}

std::vector<PreflightItem> preflight(const PreflightFacts& facts) {
  std::vector<PreflightItem> items;
  checkSystem(facts, items);
  checkData(facts, items);
  checkKeys(facts, items);
  checkFolder(facts, items);
  if (facts.runs_under_way > 0) {
    items.push_back({Level::warning, tr("Another run is under way: this one waits until it ends."), {}, Fix::none, {}, {}});
  }
  if (items.empty() || std::all_of(items.begin(), items.end(), [](const auto& item) { return item.level == Level::good; })) {
    items.push_back({Level::good, tr("Ready to start."), {}, Fix::none, {}, {}});
  }
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.level > b.level; });
  return items;
}

bool mayStart(const std::vector<PreflightItem>& items) {
  return std::none_of(items.begin(), items.end(), [](const auto& item) { return item.level == Level::blocks || item.level == Level::looking; });
}

}  // namespace orrery::ui
