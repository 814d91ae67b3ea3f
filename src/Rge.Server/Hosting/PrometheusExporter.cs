using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Rge.Server.Hosting;

/// <summary>
/// Writes metrics in Prometheus' text format when they are asked for; names follow OpenTelemetry's rules for Prometheus. Thread-safe.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    /// <summary>The format's content type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _lock = new();
    private string _text = "";

    /// <summary>Collects all metrics; set by the reader around this.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>All metrics as they are now.</summary>
    public string Scrape()
    {
        lock (_lock)
        {
            Collect?.Invoke(Timeout.Infinite);
            return _text;
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var text = new StringBuilder();
        foreach (var metric in batch)
            Write(text, metric);
        _text = text.ToString();
        return ExportResult.Success;
    }

    private static void Write(StringBuilder text, Metric metric)
    {
        var (isCounter, isHistogram) = (
            metric.MetricType is MetricType.LongSum or MetricType.DoubleSum,
            metric.MetricType == MetricType.Histogram
        );
        var isLong = metric.MetricType is MetricType.LongSum or MetricType.LongSumNonMonotonic or MetricType.LongGauge;
        var isSum = isCounter || metric.MetricType is MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic;
        // Exponential histograms have no form here; they exist only when configured.
        if (metric.MetricType == MetricType.ExponentialHistogram)
            return;
        var name = NameOf(metric.Name, metric.Unit) + (isCounter ? "_total" : "");
        text.Append(
            CultureInfo.InvariantCulture,
            $"# HELP {name} "
                + $"{metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\n"
        );
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {(isCounter ? "counter" : isHistogram ? "histogram" : "gauge")}\n");
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = LabelsOf(point.Tags);
            if (isHistogram)
            {
                var total = 0L;
                foreach (var bucket in point.GetHistogramBuckets())
                {
                    total += bucket.BucketCount;
                    var bound = double.IsPositiveInfinity(bucket.ExplicitBound)
                        ? "+Inf"
                        : bucket.ExplicitBound.ToString(CultureInfo.InvariantCulture);
                    Line(text, $"{name}_bucket", labels, total, $"le=\"{bound}\"");
                }
                Line(text, $"{name}_sum", labels, point.GetHistogramSum());
                Line(text, $"{name}_count", labels, point.GetHistogramCount());
            }
            else
            {
                Line(
                    text,
                    name,
                    labels,
                    isSum
                        ? isLong
                            ? point.GetSumLong()
                            : point.GetSumDouble()
                        : isLong
                            ? point.GetGaugeLastValueLong()
                            : point.GetGaugeLastValueDouble()
                );
            }
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value, string bound = "")
    {
        var all = labels.Length > 0 && bound.Length > 0 ? $"{labels},{bound}" : labels + bound;
        text.Append(name);
        if (all.Length > 0)
            text.Append('{').Append(all).Append('}');
        text.Append(' ')
            .Append(
                double.IsPositiveInfinity(value) ? "+Inf"
                : double.IsNegativeInfinity(value) ? "-Inf"
                : value.ToString(CultureInfo.InvariantCulture)
            )
            .Append('\n');
    }

    private static string LabelsOf(ReadOnlyTagCollection tags)
    {
        var labels = new List<string>();
        foreach (var (key, value) in tags)
        {
            var shown = value is bool flag
                ? flag
                    ? "true"
                    : "false"
                : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            var escaped = shown
                .Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            labels.Add($"{Clean(key)}=\"{escaped}\"");
        }
        return string.Join(',', labels);
    }

    private static string NameOf(string name, string unit)
    {
        var suffix = unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "%" => "percent",
            _ => "",
        };
        var clean = Clean(name);
        return suffix.Length == 0 || clean.EndsWith($"_{suffix}", StringComparison.Ordinal) ? clean : $"{clean}_{suffix}";
    }

    private static string Clean(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
