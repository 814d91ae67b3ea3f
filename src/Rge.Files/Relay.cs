namespace Rge.Files;

/// <summary>
/// Passes on what is reported at once, on the thread that reports it, where <see cref="Progress{T}"/> would do so later and perhaps in
/// another order.
/// </summary>
/// <typeparam name="T">What is reported.</typeparam>
/// <param name="report">Receives it.</param>
public sealed class Relay<T>(Action<T> report) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => report(value);
}
