#include "ui/catalogue/fitting.h"

#include <QCoreApplication>
#include <algorithm>

namespace orrery::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Fitting", text); }

}  // namespace

bool trains(const SystemInfo& system) { return std::find(system.lights.begin(), system.lights.end(), "trains") != system.lights.end(); }

QString whyUnfit(const SystemInfo& system, const DatasetInfo& data) {
  if (data.taken < 2) return tr("The data has no pictures to learn from.");
  for (const auto& need : system.needs) {
    if (need == "classes") {
      if (data.class_names.size() < 2) return tr("Needs pictures sorted into classes.");
    } else if (need == "colour") {
      if (data.channels < 3) return tr("Needs colour pictures.");
    } else if (need == "square") {
      if (data.width_px != data.height_px) return tr("Needs square pictures.");
    } else {
      // Captions, films, pairs: nothing in a store of single pictures says that it has them.
      return tr("Needs %1, which this data does not have.").arg(QString::fromStdString(need));
    }
  }
  return {};
}

std::vector<const SystemInfo*> offered(const std::vector<SystemInfo>& systems, const DatasetInfo& data, std::size_t most) {
  std::vector<const SystemInfo*> list;
  const auto take = [&](bool new_kind) {
    for (const auto& system : systems) {
      if (list.size() == most) return;
      if (!trains(system) || !whyUnfit(system, data).isEmpty() || std::find(list.begin(), list.end(), &system) != list.end()) continue;
      const bool seen = std::any_of(list.begin(), list.end(), [&](const SystemInfo* one) { return one->kind == system.kind; });
      if (!new_kind || !seen) list.push_back(&system);
    }
  };
  take(true);
  take(false);
  return list;
}

}  // namespace orrery::ui
