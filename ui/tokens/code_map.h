// The codebook as a map: each code's patch where the two principal components of its vector put it. A click picks one.
#pragma once

#include <QWidget>

namespace orrery::ui {

class TokenDesk;

class CodeMap : public QWidget {
  Q_OBJECT

 public:
  explicit CodeMap(TokenDesk& desk, QWidget* parent = nullptr);
  QPointF placeOf(int code) const;  // the middle of its patch
  int codeAt(const QPointF& at) const;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  TokenDesk& desk_;
};

}  // namespace orrery::ui
