namespace Rge.Cli.Output;

/// <summary>A line every few seconds of how far long work has got, and between them what cannot wait. Thread-safe.</summary>
/// <typeparam name="T">What the work reports.</typeparam>
/// <param name="terminal">Where the lines go.</param>
/// <param name="pause">Least time between two lines of how far the work has got.</param>
/// <param name="startsAtOnce">Whether the first of these is not waited for.</param>
internal abstract class PacedReport<T>(Terminal terminal, TimeSpan pause, bool startsAtOnce = true) : IProgress<T>
{
    private readonly Lock _lock = new();
    private DateTime _next = startsAtOnce ? DateTime.UtcNow : DateTime.UtcNow + pause;

    protected Terminal Terminal => terminal;

    public void Report(T value)
    {
        lock (_lock)
        {
            if (SaysAtOnce(value) || DateTime.UtcNow < _next)
                return;
            _next = DateTime.UtcNow + pause;
            Terminal.Remark(Describe(value));
        }
    }

    /// <summary>Writes what cannot wait.</summary>
    /// <returns>Whether that was all there is to say of the value.</returns>
    protected abstract bool SaysAtOnce(T value);

    /// <summary>How far the work has got.</summary>
    protected abstract string Describe(T value);
}
