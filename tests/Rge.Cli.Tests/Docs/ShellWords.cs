using System.Text;

namespace Rge.Cli.Tests.Docs;

/// <summary>
/// Splits commands into words as far as the documentation needs it: quotes, escapes and comments; variables stay as they are.
/// </summary>
internal static class ShellWords
{
    /// <summary>The arguments of every call of a program in a command, without the program.</summary>
    public static IEnumerable<string[]> CallsOf(string program, string command)
    {
        for (
            var at = command.IndexOf(program + " ", StringComparison.Ordinal);
            at >= 0;
            at = command.IndexOf(program + " ", at + 1, StringComparison.Ordinal)
        )
            if (at == 0 || char.IsWhiteSpace(command[at - 1]))
                yield return [.. Split(command[(at + program.Length)..])];
    }

    /// <summary>The words up to where a command ends: at a pipe, a redirection, a semicolon, a line end or a comment.</summary>
    public static IEnumerable<string> Split(string text)
    {
        var word = new StringBuilder();
        var (quote, any) = ('\0', false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote != '\0')
            {
                if (c == quote)
                    quote = '\0';
                else
                    word.Append(c);
            }
            else if (c is '\'' or '"')
                (quote, any) = (c, true);
            else if (c == '\\' && i + 1 < text.Length && text[i + 1] == '\n')
                i++;
            else if (c is '|' or '>' or ';' or '&' or '\n' || c == '#' && word.Length == 0)
                break;
            else if (!char.IsWhiteSpace(c))
                word.Append(c);
            else
            {
                if (word.Length > 0 || any)
                    yield return word.ToString();
                word.Clear();
                any = false;
            }
        }
        if (word.Length > 0 || any)
            yield return word.ToString();
    }
}
