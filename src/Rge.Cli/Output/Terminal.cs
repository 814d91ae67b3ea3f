using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Rge.Cli.Output;

/// <summary>Where a verb writes: results to the output, progress and remarks to the error stream, so that results can be piped.</summary>
public sealed class Terminal
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Creates a terminal over two writers; colours are used only when they are the console's own and not redirected.</summary>
    public Terminal(TextWriter output, TextWriter error)
    {
        (RawOutput, RawError) = (output, error);
        Output = Make(output, ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected);
        Error = Make(error, ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected);
    }

    /// <summary>Tables and text for people.</summary>
    public IAnsiConsole Output { get; }

    /// <summary>Progress and remarks.</summary>
    public IAnsiConsole Error { get; }

    /// <summary>The output without any formatting, for JSON and streamed text.</summary>
    public TextWriter RawOutput { get; }

    /// <summary>The error stream without any formatting.</summary>
    public TextWriter RawError { get; }

    /// <summary>Writes a remark of one line beside the results.</summary>
    public void Remark(string text) => Error.MarkupLineInterpolated($"[dim]{text}[/]");

    /// <summary>Writes a JSON document.</summary>
    public void WriteJson(JsonNode json) => RawOutput.WriteLine(json.ToJsonString(Indented));

    private static IAnsiConsole Make(TextWriter writer, bool interactive)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!interactive) console.Profile.Width = 160;
        return console;
    }
}
