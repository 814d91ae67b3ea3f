using Rge.Files;
using Spectre.Console;

namespace Rge.Cli.Output;

/// <summary>Shows how far work has got: a bar with time left on a terminal, nothing where the error stream is redirected.</summary>
internal static class ProgressReport
{
    /// <summary>Shows how many items are embedded.</summary>
    public static Task<T> RunAsync<T>(Terminal terminal, string what, Func<IProgress<EmbeddingProgress>, Task<T>> work) =>
        RunAsync(terminal, what, (EmbeddingProgress p) => (p.Completed, p.Total), work);

    /// <summary>Shows work that reports how much of a total is done.</summary>
    public static async Task<T> RunAsync<TReport, T>(
        Terminal terminal,
        string what,
        Func<TReport, (long Done, long Total)> measure,
        Func<IProgress<TReport>, Task<T>> work
    )
    {
        if (!terminal.Error.Profile.Capabilities.Interactive)
            return await work(new Relay<TReport>(_ => { }));
        return await terminal
            .Error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask(what);
                return work(
                    new Relay<TReport>(report =>
                    {
                        var (done, total) = measure(report);
                        task.MaxValue = Math.Max(1, total);
                        task.Value = done;
                    })
                );
            });
    }
}
