using System.Diagnostics;
using System.Globalization;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>
/// Peak memory of loading a checkpoint, over that of the process before, compared with the size of the weights in memory.
/// </summary>
internal static class LoadBenchmark
{
    public static void Run(string folder, string? dtype)
    {
        ones(1).Dispose(); // libtorch itself is not to be counted
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        var watch = Stopwatch.StartNew();
        var options = new QwenVlModelOptions { DType = dtype is null ? null : Enum.Parse<ScalarType>(dtype, ignoreCase: true) };
        using var model = QwenVlModel.Load(folder, options);
        var seconds = watch.Elapsed.TotalSeconds;
        // Mapped weights are read when they are first used: use them all.
        foreach (var parameter in model.Parameters.Values)
            parameter.sum().Dispose();
        process.Refresh();
        var weights = model.Parameters.Values.Sum(p => p.NumberOfElements * p.ElementSize);
        var peak = process.PeakWorkingSet64 - before;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{model.DType}: loaded in {seconds:f2} s, weights {weights / 1e6:f0} MB, peak {peak / 1e6:f0} MB, "
                    + $"{(double)peak / weights:f2} of the weights"
            )
        );
    }
}
