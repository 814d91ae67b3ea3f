namespace Rge.Cli.Output;

/// <summary>A line for each wait that is reported, where there is no bar to show it.</summary>
internal sealed class Remarks(Terminal terminal) : IProgress<string>
{
    public void Report(string value) => terminal.Remark(value);
}
