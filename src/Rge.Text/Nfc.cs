using System.Globalization;
using System.Text;

namespace Rge.Text;

/// <summary>Unicode normalization form C, with the tables of the Unicode version that the reference tokenizer uses (9.0).</summary>
/// <remarks>
/// Design note: <see cref="string.Normalize()"/> returns its input unchanged under invariant globalization, and otherwise follows whichever
/// ICU the machine has. Token ids must depend on neither. The algorithm is that of Unicode Standard Annex 15: decompose, order the marks,
/// compose.
/// </remarks>
internal static class Nfc
{
    // Below U+0300 nothing decomposes into something that does not compose again, and nothing is a combining mark.
    private const int FirstOfInterest = 0x300;
    private const int HangulBase = 0xAC00,
        LeadBase = 0x1100,
        VowelBase = 0x1161,
        TailBase = 0x11A7;
    private const int LeadCount = 19,
        VowelCount = 21,
        TailCount = 28,
        HangulCount = LeadCount * VowelCount * TailCount;

    private static readonly Lazy<Tables> Data = new(Tables.Load);

    /// <summary>
    /// Normalizes well-formed UTF-16 text. Returns the same instance when nothing changes. Linear, except for sorting runs of marks.
    /// </summary>
    public static string Normalize(string text)
    {
        var start = text.AsSpan().IndexOfAnyInRange((char)FirstOfInterest, char.MaxValue);
        return start < 0 || IsNormalized(text) ? text : Compose(Decompose(text));
    }

    private static bool IsNormalized(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value >= FirstOfInterest && Data.Value.Unsettled.Contains(rune.Value))
                return false;
        return true;
    }

    private static List<int> Decompose(string text)
    {
        var points = new List<int>(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            AddDecomposed(rune.Value, points);

        // Stable sort by combining class of every run of marks: class, then place, then the code point itself in one number.
        var keys = new List<long>();
        for (var i = 0; i < points.Count; i++)
        {
            keys.Clear();
            var first = i;
            for (; i < points.Count && Class(points[i]) is var mark and not 0; i++)
                keys.Add((long)mark << 53 | (long)i << 21 | (uint)points[i]);
            if (keys.Count < 2)
                continue;
            keys.Sort();
            for (var k = 0; k < keys.Count; k++)
                points[first + k] = (int)(keys[k] & 0x1FFFFF);
        }
        return points;
    }

    private static void AddDecomposed(int point, List<int> points)
    {
        if (point - HangulBase is var syllable and >= 0 and < HangulCount)
        {
            points.Add(LeadBase + (syllable / (VowelCount * TailCount)));
            points.Add(VowelBase + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount is var tail and > 0)
                points.Add(TailBase + tail);
        }
        else if (Data.Value.Decompositions.TryGetValue(point, out var parts))
        {
            AddDecomposed(parts.First, points);
            if (parts.Second != 0)
                points.Add(parts.Second);
        }
        else
        {
            points.Add(point);
        }
    }

    private static string Compose(List<int> points)
    {
        var (starter, lastClass, kept) = (-1, 0, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var (point, mark) = (points[i], Class(points[i]));
            // A mark is blocked from the starter by one before it that stayed and has the same class or a higher one.
            var adjacent = kept == starter + 1;
            if (starter >= 0 && (adjacent || lastClass < mark) && TryCompose(points[starter], point, out var whole))
            {
                points[starter] = whole;
                continue;
            }
            if (mark == 0)
                starter = kept;
            lastClass = mark;
            points[kept++] = point;
        }

        var text = new StringBuilder(kept + 16);
        for (var i = 0; i < kept; i++)
            text.Append(new Rune(points[i]).ToString());
        return text.ToString();
    }

    private static bool TryCompose(int first, int second, out int whole)
    {
        if (first - LeadBase is var lead and >= 0 and < LeadCount && second - VowelBase is var vowel and >= 0 and < VowelCount)
        {
            whole = HangulBase + (((lead * VowelCount) + vowel) * TailCount);
            return true;
        }
        if (
            first - HangulBase is var syllable and >= 0 and < HangulCount
            && syllable % TailCount == 0
            && second - TailBase is var tail and > 0 and < TailCount
        )
        {
            whole = first + tail;
            return true;
        }
        return Data.Value.Compositions.TryGetValue((first, second), out whole);
    }

    private static int Class(int point) => point < FirstOfInterest ? 0 : Data.Value.Classes.GetValueOrDefault(point);

    /// <summary>The contents of nfc.txt.</summary>
    private sealed class Tables
    {
        public Dictionary<int, int> Classes { get; } = [];
        public Dictionary<int, (int First, int Second)> Decompositions { get; } = [];
        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        /// <summary>Code points whose presence means that the text may not be normalized yet.</summary>
        public HashSet<int> Unsettled { get; } = [];

        public static Tables Load()
        {
            var tables = new Tables();
            using var reader = new StreamReader(typeof(Nfc).Assembly.GetManifestResourceStream("Rge.Text.nfc.txt")!);
            while (reader.ReadLine() is { } line)
                if (line is not ['#', ..])
                    tables.Add(line);
            tables.Unsettled.UnionWith(tables.Classes.Keys);
            tables.Unsettled.UnionWith(Enumerable.Range(VowelBase, VowelCount));
            tables.Unsettled.UnionWith(Enumerable.Range(TailBase + 1, TailCount - 1));
            return tables;
        }

        private void Add(string line)
        {
            var at = line.AsSpan().IndexOfAny(" =>");
            var points = line[(at + 1)..].Split(' ');
            if (line[at] == ' ')
            {
                var range = line[..at].Split('-');
                for (var point = Hex(range[0]); point <= Hex(range[^1]); point++)
                    Classes.Add(point, int.Parse(points[0], CultureInfo.InvariantCulture));
                return;
            }
            var (whole, first, second) = (Hex(line[..at]), Hex(points[0]), points.Length > 1 ? Hex(points[1]) : 0);
            Decompositions.Add(whole, (first, second));
            if (line[at] == '>')
            {
                Unsettled.Add(whole);
            }
            else
            {
                Compositions.Add((first, second), whole);
                Unsettled.Add(second);
            }
        }

        private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
