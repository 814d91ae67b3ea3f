using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Rge.Data;
using Rge.Files;
using Rge.Prompts;

namespace Rge.Oracle;

/// <summary>
/// What an oracle is asked: a text with <c>{query}</c> and <c>{target}</c> in it, for which texts and images of a row are put, the
/// images where the row has them. Immutable and thread-safe.
/// </summary>
public sealed partial class OraclePrompt
{
    private const string QueryMark = "{query}",
        TargetMark = "{target}";
    private const long MaxBytes = 1 << 20;

    private readonly string[] _segments;

    private OraclePrompt(string text) => (Text, _segments) = (text, Mark.Split(text));

    /// <summary>The prompt that is used when none is given.</summary>
    public static OraclePrompt Default { get; } =
        new(
            """
            You write training data for a search model. The model looks at a query, thinks in a few plain sentences, and then searches. You see a query and the one item that it should find. Write the thoughts that lead from the one to the other.

            Query:
            {query}

            Item to be found:
            {target}

            Write two to four sentences, 60 words at most:
            - Describe what is there: what the query shows or says, as far as it matters here.
            - Interpret what is asked for.
            - Conclude in a last sentence that begins with "So": what is to be found, in words that fit the item and tell it from similar ones.
            Write as if you had seen the query alone: do not mention that you were shown the item, and claim nothing that the query gives no ground for. Plain English in one paragraph, without lists, headings or markup.
            """
        );

    /// <summary>The text with its marks.</summary>
    public string Text { get; }

    /// <summary>Equal for prompts of equal text.</summary>
    internal string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    /// <summary>Reads a prompt from a file.</summary>
    /// <exception cref="OracleException">The file cannot be read, or lacks a mark.</exception>
    public static OraclePrompt Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes and var length })
                throw new OracleException($"{path} has {length} bytes, expected a prompt of at most {MaxBytes}.");
            return Parse(FileReader.ReadText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OracleException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>Makes a prompt of a text.</summary>
    /// <param name="text">The text with its marks.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="OracleException">It lacks a mark.</exception>
    public static OraclePrompt Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var mark in (string[])[QueryMark, TargetMark])
            if (!text.Contains(mark, StringComparison.Ordinal))
                throw new OracleException(
                    $"The prompt {name} does not say {mark}, expected {QueryMark} and {TargetMark} where a row's query and right "
                        + "target are to stand."
                );
        return new OraclePrompt(text);
    }

    /// <summary>The message about a row.</summary>
    /// <param name="sample">The row; its first target is the right one.</param>
    /// <param name="encode">Encodes an image.</param>
    /// <exception cref="EmbeddingException">An item is empty.</exception>
    internal ChatMessage Fill(TrainingSample sample, Func<ImageSource, AIContent> encode)
    {
        var (contents, text) = (new List<AIContent>(), new StringBuilder());
        foreach (var segment in _segments)
        {
            if (segment == QueryMark)
                Add(sample.Query);
            else if (segment == TargetMark)
                Add(sample.Targets[0].Item);
            else
                text.Append(segment);
        }
        EndText();
        return new ChatMessage(ChatRole.User, contents);

        void Add(EmbeddingInput item)
        {
            foreach (var part in PromptContent.Create(item))
            {
                if (part is not ImagePart image)
                {
                    text.Append(((TextPart)part).Text);
                    continue;
                }
                EndText();
                contents.Add(encode(image.Source));
            }
            // The prompt has line ends of its own.
            while (text is [.., '\n' or ' '])
                text.Length--;
        }

        void EndText()
        {
            if (text.Length > 0)
                contents.Add(new TextContent(text.ToString()));
            text.Clear();
        }
    }

    [GeneratedRegex(@"(?<mark>\{query\}|\{target\})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark { get; }
}
