using System.Text;

namespace Rge.Text;

/// <summary>The alphabet of byte-level vocabularies: one printable character for each byte value.</summary>
/// <remarks>Printable Latin-1 bytes stand for themselves; the other 68 take the characters from U+0100 on, in order.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Enumerate().ToArray();
    private static readonly Dictionary<char, byte> Bytes = Characters
        .Select((c, b) => (c, b))
        .ToDictionary(pair => pair.c, pair => (byte)pair.b);

    /// <summary>The character that stands for a byte.</summary>
    public static char Character(byte value) => Characters[value];

    /// <summary>The bytes a token spelt in this alphabet stands for; a token that is not is its own UTF-8.</summary>
    public static byte[] ToBytes(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        return bytes;
    }

    private static IEnumerable<char> Enumerate()
    {
        var next = (char)0x100;
        for (var b = 0; b < 256; b++)
            yield return b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : next++;
    }
}
