// The bar at the top: workspaces, search, device, help, menu.
#pragma once

#include <QWidget>

class QLabel;
class QMenu;
class QToolButton;

namespace orrery::ui {

class ElidedLabel;
class Segmented;

// Looks like a search line; a click or Ctrl+K opens the search under it.
class SearchButton;

class TopBar : public QWidget {
  Q_OBJECT

 public:
  TopBar(const QStringList& workspaces, QMenu* menu, QWidget* parent = nullptr);

  void setWorkspace(int index);
  void setDevice(const QString& text);
  QRect searchRect() const;  // global
  Segmented* tabs() const { return tabs_; }

 Q_SIGNALS:
  void workspaceChosen(int index);
  void searchWanted();
  void helpWanted();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  Segmented* tabs_;
  SearchButton* search_;
  ElidedLabel* device_;
};

}  // namespace orrery::ui
