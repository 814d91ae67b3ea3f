using Rge.Cli.Output;
using Rge.Hub;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary>Shows a download as one bar over the bytes that this run has to fetch, so that speed and time left are true. Thread-safe.</summary>
internal sealed class PullProgress : IProgress<HubProgress>
{
    private readonly Lock _lock = new();
    private readonly HubSnapshot _snapshot;
    private readonly ProgressTask _bar;
    private readonly Terminal _terminal;
    private readonly Dictionary<HubFile, (long Before, long Now)> _bytes = [];
    private int _done;

    public PullProgress(HubSnapshot snapshot, ProgressTask bar, Terminal terminal)
    {
        (_snapshot, _bar, _terminal) = (snapshot, bar, terminal);
        _bar.MaxValue = snapshot.Size;
        _bar.Description = Description;
    }

    public void Report(HubProgress value)
    {
        lock (_lock)
        {
            // What lay on disk before counts only until the file is started again.
            var before = _bytes.TryGetValue(value.File, out var known) ? Math.Min(known.Before, value.Bytes) : value.Bytes;
            _bytes[value.File] = (before, value.Bytes);
            _bar.MaxValue = _snapshot.Size - _bytes.Values.Sum(file => file.Before);
            _bar.Value = _bytes.Values.Sum(file => file.Now - file.Before);

            if (value.State == HubFileState.Done) _done++;
            // A line of its own, since a bar shows nothing where the output is no terminal.
            if (value.State == HubFileState.Waiting) _terminal.Remark($"{value.File.Name}: {value.Problem}");
            _bar.Description = value.State switch
            {
                HubFileState.Waiting => Markup.Escape($"waiting for {value.File.Name}"),
                HubFileState.Verifying => Markup.Escape($"verifying {value.File.Name}"),
                _ => Description,
            };
        }
    }

    private string Description => $"{_done} of {_snapshot.Files.Count} files";
}
