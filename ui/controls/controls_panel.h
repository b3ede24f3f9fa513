// The Controls panel: rows made from the active view's ControlSpecs, in sections that fold; search, Simple and All.
#pragma once

#include <QTimer>
#include <QWidget>
#include <vector>

#include "engine/api/control.h"

class QLineEdit;
class QScrollArea;
class QVBoxLayout;

namespace orrery::ui {

class ControlRow;
class ElidedLabel;
class EmptyState;
class Section;
class Segmented;
class Session;

class ControlsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ControlsPanel(Session& session, QWidget* parent = nullptr);

  ControlRow* row(const std::string& id) const;
  void reveal(const std::string& id);  // shows, scrolls to and focuses it
  bool showsAll() const;
  void setShowsAll(bool all);
  QLineEdit* search() const { return search_; }

 private:
  void rebuild();      // another model, or other controls
  void updateSpecs();  // the same controls with other ranges
  void refresh();      // values
  void filter();
  bool sameShape(const std::vector<ControlSpec>& specs) const;

  Session& session_;
  ElidedLabel* model_name_;
  QLineEdit* search_;
  Segmented* simple_;
  QScrollArea* scroll_;
  QWidget* list_ = nullptr;
  EmptyState* empty_;
  QWidget* about_;
  struct Group {
    Section* section;
    std::vector<ControlRow*> rows;
    QWidget* reason = nullptr;
  };
  std::vector<Group> groups_;
  QTimer refresh_timer_;
};

}  // namespace orrery::ui
