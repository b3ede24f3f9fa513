// A few choices side by side, one of them on: the workspaces, Simple/All, display modes.
#pragma once

#include <QStringList>
#include <QWidget>

namespace orrery::ui {

class Segmented : public QWidget {
  Q_OBJECT

 public:
  enum class Look { tabs, pills };  // tabs: plain words, the chosen one underlined; pills: on a field

  explicit Segmented(Look look, QWidget* parent = nullptr);

  void setItems(const QStringList& labels, const QStringList& tool_tips = {}, const QStringList& icons = {});
  int current() const { return current_; }
  void setCurrent(int index);  // no signal
  int count() const { return static_cast<int>(labels_.size()); }
  QString label(int index) const { return labels_.value(index); }
  QRect itemRect(int index) const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void chosen(int index);  // by the person

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  int itemWidth(int index) const;
  int itemAt(const QPoint& point) const;
  void choose(int index);

  Look look_;
  QStringList labels_, tool_tips_, icons_;
  int current_ = 0;
  int hover_ = -1;
};

}  // namespace orrery::ui
