using System.Text;

namespace Rge.Text;

/// <summary>
/// Decodes ids one at a time. The joined pieces equal the result of <see cref="QwenTokenizer.Decode"/> for all ids.
/// </summary>
/// <remarks>Not thread-safe: one decoder for one stream of ids.</remarks>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="skipSpecialTokens">Whether control tokens are left out.</param>
public sealed class StreamingDecoder(QwenTokenizer tokenizer, bool skipSpecialTokens = false)
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    /// <summary>Takes one id and returns the text that is certain now; empty while a character is incomplete.</summary>
    public string Append(int id) => Convert(tokenizer.Bytes(id, skipSpecialTokens), flush: false);

    /// <summary>Ends the text: U+FFFD when a character is incomplete, otherwise empty. The decoder can be used again.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(byte[] bytes, bool flush)
    {
        var characters = new char[_utf8.GetCharCount(bytes, flush)];
        return new string(characters, 0, _utf8.GetChars(bytes, characters, flush));
    }
}
