using Rge.Files;
using Spectre.Console;

namespace Rge.Cli.Output;

/// <summary>Shows how far embedding has got: a bar with time left on a terminal, nothing where the error stream is redirected.</summary>
internal static class ProgressReport
{
    public static async Task<T> RunAsync<T>(Terminal terminal, string what, Func<IProgress<EmbeddingProgress>, Task<T>> work)
    {
        if (!terminal.Error.Profile.Capabilities.Interactive)
            return await work(new Relay<EmbeddingProgress>(_ => { }));
        return await terminal
            .Error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask(what);
                return work(
                    new Relay<EmbeddingProgress>(p =>
                    {
                        task.MaxValue = Math.Max(1, p.Total);
                        task.Value = p.Completed;
                    })
                );
            });
    }
}
