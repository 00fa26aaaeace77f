package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// level is the chance of being wrong that a single claim may have. Intervals are
// of 1 − level, so that an interval and a p-value say the same.
const level = 0.05

// rounding is what floating point may leave of a difference of logarithms that is
// nothing. Less is taken for nothing.
const rounding = 1e-12

// estimate is what rounds say of one number, and how sure that is.
type estimate struct {
	value float64
	// se is the standard error of value, infinite where nothing is known of it,
	// and df are the degrees of freedom that it was estimated with.
	se, df float64
}

// unknown says nothing of how far off a value is.
func unknown(value float64) estimate { return estimate{value: value, se: math.Inf(1), df: 1} }

// meanOf is the mean of a sample and its standard error. One value says nothing of
// how far off it is.
func meanOf(xs []float64) estimate {
	n := float64(len(xs))
	if n < 2 {
		return unknown(mean(xs))
	}
	return settled(estimate{mean(xs), math.Sqrt(meanVariance(xs)), n - 1})
}

// settled takes out what is a matter of rounding alone: equal rounds have no spread.
func settled(e estimate) estimate {
	if e.se < rounding {
		e.se = 0
	}
	if math.Abs(e.value) < rounding {
		e.value = 0
	}
	return e
}

// halfWidth is how far the interval of confidence 1 − alpha reaches to each side.
func (e estimate) halfWidth(alpha float64) float64 {
	if e.se == 0 || math.IsInf(e.se, 1) {
		return e.se
	}
	return e.se * studentQuantile(1-alpha/2, e.df)
}

// p is the two-sided p-value of Student's test that the number is 0.
func (e estimate) p() float64 {
	switch {
	case e.value == 0 || math.IsNaN(e.value) || math.IsInf(e.se, 1):
		return 1
	case e.se == 0:
		return 0
	}
	return min(1, 2*studentCDF(-math.Abs(e.value/e.se), e.df))
}

// studentQuantile and studentCDF are of Student's distribution; with infinite
// degrees of freedom it is the normal one.
func studentQuantile(p, df float64) float64 {
	if math.IsInf(df, 1) {
		return distuv.UnitNormal.Quantile(p)
	}
	return distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(p)
}

func studentCDF(t, df float64) float64 {
	if math.IsInf(df, 1) {
		return distuv.UnitNormal.CDF(t)
	}
	return distuv.StudentsT{Sigma: 1, Nu: df}.CDF(t)
}
