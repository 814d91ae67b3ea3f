using Spectre.Console;

namespace Rge.Cli.Output;

/// <summary>Shows a query's rationale as it is written.</summary>
internal static class RationalePrinter
{
    /// <summary>Prints each piece of text as it comes, and what ended the rationale.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="updates">Pieces of text and, last, the result.</param>
    /// <param name="embeddingOf">The embedding of a result.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The result.</returns>
    public static async Task<T> PrintAsync<T>(
        Terminal terminal,
        IAsyncEnumerable<(string Text, T? Result)> updates,
        Func<T, ReasoningEmbedding> embeddingOf,
        CancellationToken cancellationToken
    )
        where T : class
    {
        terminal.Output.Markup("[bold]rationale[/] ");
        T? result = null;
        await foreach (var update in updates.WithCancellation(cancellationToken))
        {
            terminal.RawOutput.Write(update.Text);
            await terminal.RawOutput.FlushAsync(cancellationToken);
            result = update.Result;
        }
        var embedding = embeddingOf(result!);
        terminal.Output.MarkupLine(
            embedding switch
            {
                { Rationale: null } => "[dim](none: reasoning is off)[/]",
                { FinishReason: FinishReason.NotGenerated } => $"{Markup.Escape(embedding.Rationale)} [dim](given)[/]",
                { Rationale: "" } => "[dim](the model writes none)[/]",
                { FinishReason: FinishReason.Length } => " [dim](cut at the longest rationale)[/]",
                { FinishReason: FinishReason.EndOfTurn } => " [dim](ended without the token that is pooled)[/]",
                _ => "",
            }
        );
        return result!;
    }
}
