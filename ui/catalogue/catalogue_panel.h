// The sheet "catalogue": cards in the lecture's order, filtered by kind, by the data at hand and by words; a card opens its Explained page.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "ui/session/session.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QStackedWidget;

namespace orrery::ui {

class Segmented;
class SystemCard;

class CataloguePanel : public QWidget {
  Q_OBJECT

 public:
  explicit CataloguePanel(Session& session, QWidget* parent = nullptr);

  // A system's id opens its page.
  Q_INVOKABLE void setArguments(const QStringList& arguments);
  const std::vector<SystemCard*>& cards() const { return cards_; }

 private:
  void filter();
  void measure();
  void explain(const SystemInfo& system);
  void showList();

  Session& session_;
  QStackedWidget* pages_;
  Segmented* kinds_;
  QLineEdit* search_;
  QCheckBox* fitting_;
  QLabel* none_;
  std::vector<SystemCard*> cards_;
  std::vector<std::optional<Kind>> kind_of_item_;
};

}  // namespace orrery::ui
