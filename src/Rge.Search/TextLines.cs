using System.Text;

namespace Rge.Search;

/// <summary>Reads a file of lines in UTF-8; a line that is too long or not text is reported, and costs no other.</summary>
internal static class TextLines
{
    private const int MaxBytes = 16 << 20,
        BufferBytes = 1 << 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The lines that are not blank.</summary>
    /// <returns>The number of each, from 1, and its text, or else what is wrong with it.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<(int Number, string Text, string? Problem)> Read(string path)
    {
        using var file = ReadableFile.Open(path);
        var (buffer, line, number, isTooLong) = (new byte[BufferBytes], new MemoryStream(), 1, false);
        // No more than the length at the start, so that reading a file that another process appends to ends as well.
        for (var left = file.Length; left > 0; )
        {
            var read = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
                break;
            left -= read;
            for (var start = 0; start < read; )
            {
                var end = Array.IndexOf(buffer, (byte)'\n', start, read - start);
                var length = (end < 0 ? read : end) - start;
                isTooLong |= line.Length + length > MaxBytes;
                if (!isTooLong)
                    line.Write(buffer, start, length);
                start += length + 1;
                if (end < 0)
                    continue;
                if (Line(line, number, isTooLong) is { } whole)
                    yield return whole;
                line.SetLength(0);
                (number, isTooLong) = (number + 1, false);
            }
        }
        if (Line(line, number, isTooLong) is { } last)
            yield return last;
    }

    private static (int Number, string Text, string? Problem)? Line(MemoryStream line, int number, bool isTooLong)
    {
        if (isTooLong)
            return (number, "", $"it is longer than {MaxBytes >> 20} MB");
        var bytes = line.GetBuffer().AsSpan(0, (int)line.Length);
        if (number == 1 && bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (bytes is [.., (byte)'\r'])
            bytes = bytes[..^1];
        try
        {
            var text = Utf8.GetString(bytes);
            return string.IsNullOrWhiteSpace(text) ? null : (number, text, null);
        }
        catch (DecoderFallbackException)
        {
            return (number, "", "it is not a text in UTF-8");
        }
    }
}
