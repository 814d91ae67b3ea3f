using System.Diagnostics;
using Rge.Training.RunFiles;

namespace Rge.Training.Reports;

/// <summary>Keeps the page of a run up to date while it trains, at a cost that does not show.</summary>
internal sealed class ReportPage(RunFolder folder)
{
    private const int MostOfTime = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private readonly Stopwatch _sinceWrite = Stopwatch.StartNew();
    private TimeSpan _cost;

    /// <summary>Writes the page.</summary>
    public void Write()
    {
        _sinceWrite.Restart();
        RunReport.Write(folder);
        _cost = _sinceWrite.Elapsed;
        _sinceWrite.Restart();
    }

    /// <summary>Writes the page unless it was written in the last half minute, or in a hundred times the time that writing takes.</summary>
    public void WriteNowAndThen()
    {
        if (_sinceWrite.Elapsed > Pause && _sinceWrite.Elapsed > MostOfTime * _cost)
            Write();
    }
}
