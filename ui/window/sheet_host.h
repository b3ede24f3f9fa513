// A sheet: a panel that slides in over the right side of the stage and leaves again. The instrument goes on behind it.
#pragma once

#include <QFrame>
#include <map>

#include "ui/window/panels.h"

class QLabel;
class QPropertyAnimation;
class QVBoxLayout;

namespace orrery::ui {

class SheetHost : public QFrame {
  Q_OBJECT

 public:
  // Lies over `over`; its sheets are made when first asked for.
  SheetHost(Session& session, QWidget* over);

  void open(const PanelSpec& spec, const QStringList& arguments);
  void close();
  bool isOpen() const { return open_; }
  QString current() const { return open_ ? current_ : QString(); }
  QWidget* sheet(const QString& id) const;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QRect place(bool in) const;
  void slide(bool in);

  Session& session_;
  QWidget* over_;
  QLabel* title_;
  QVBoxLayout* column_;
  std::map<QString, QWidget*> sheets_;
  QString current_;
  int width_px_ = 420;
  bool open_ = false;
  QPropertyAnimation* motion_;
};

}  // namespace orrery::ui
