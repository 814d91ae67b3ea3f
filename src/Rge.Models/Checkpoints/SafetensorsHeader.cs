using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;
using Rge.Files;

namespace Rge.Models.Checkpoints;

/// <summary>The header of a safetensors file: eight bytes of length, then JSON that gives each tensor's type, shape and place.</summary>
/// <remarks>
/// As strict as the format's own library: the tensors cover the data section without gaps or overlaps. Nothing is allocated before its size
/// has been compared with the file's.
/// </remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's limit.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Tensors of more dimensions are refused; many operations of libtorch handle no more.</summary>
    private const int MaxDimensions = 64;

    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _dataLength;
    private readonly Dictionary<string, SafetensorsEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path, long dataStart, long dataLength)
    {
        _path = path;
        _dataStart = dataStart;
        _dataLength = dataLength;
    }

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <summary>Names in the order of the data, which is the order to read them in.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <exception cref="CheckpointException">The header breaks the format.</exception>
    public static SafetensorsHeader Read(SafeFileHandle file, string path)
    {
        var fileLength = RandomAccess.GetLength(file);
        if (fileLength == 0)
            throw new CheckpointException($"{path} is empty, expected a safetensors file: download it again.");
        if (fileLength < 8)
            throw new CheckpointException(
                $"{path} has {fileLength} bytes, expected a safetensors file, which starts with 8 bytes of header length."
            );
        var prefix = new byte[8];
        FileBytes.Fill(file, prefix, 0, path);
        RefuseForeign(file, path, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var limit = Math.Min(MaxBytes, fileLength - 8);
        if (length > (ulong)limit)
            throw new CheckpointException($"{path}: the header's length is given as {length} bytes, expected at most {limit}.");

        var json = new byte[length];
        FileBytes.Fill(file, json, 8, path);
        if (json is not [(byte)'{', ..])
            throw new CheckpointException($"{path}: the header does not start with '{{'.");
        if (!Utf8.IsValid(json))
            throw new CheckpointException($"{path}: the header is not valid UTF-8.");
        var header = new SafetensorsHeader(path, 8 + json.Length, fileLength - 8 - json.Length);
        try
        {
            var reader = new Utf8JsonReader(json);
            header.ReadTensors(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: an escaped lone surrogate.
        {
            throw new CheckpointException($"{path}: the header is not valid JSON: {e.Message}", e);
        }
        header.CheckLayout();
        return header;
    }

    /// <summary>Names what is often found in the place of a safetensors file.</summary>
    private static void RefuseForeign(SafeFileHandle file, string path, byte[] prefix)
    {
        const string Expected = "expected a safetensors file";
        switch (prefix)
        {
            case [(byte)'v', (byte)'e', (byte)'r', (byte)'s', ..]:
                var start = new byte[Math.Min(RandomAccess.GetLength(file), 1024)];
                FileBytes.Fill(file, start, 0, path);
                GitLfsPointer.Refuse(path, start);
                break;
            case [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..]:
                throw new CheckpointException($"{path} is a GGUF file, {Expected}.");
            case [(byte)'P', (byte)'K', 3, 4, ..]:
                throw new CheckpointException($"{path} is a file of PyTorch's own format (pickle), {Expected}.");
        }
        if (
            Encoding.ASCII.GetString(prefix).ToUpperInvariant() is var text
            && (text == "<!DOCTYP" || text.StartsWith("<HTML", StringComparison.Ordinal))
        )
            throw new CheckpointException($"{path} is a web page, {Expected}: download it again.");
    }

    private void ReadTensors(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (NextProperty(ref reader) is { } name)
        {
            if (name == "__metadata__")
                ReadMetadata(ref reader);
            else if (!_entries.TryAdd(name, ReadTensor(ref reader, name)))
                throw Error(name, "is listed twice");
        }
        reader.Read(); // Throws when anything but blanks follows.
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException($"{_path}: __metadata__ is {reader.TokenType}, expected an object of strings.");
        while (NextProperty(ref reader) is { } key)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw new CheckpointException($"{_path}: __metadata__.{Show(key)} is {reader.TokenType}, expected a string.");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw new CheckpointException($"{_path}: __metadata__.{Show(key)} is given twice.");
        }
    }

    private SafetensorsEntry ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error(name, $"is {reader.TokenType}, expected an object");
        string? dtype = null;
        long[]? shape = null,
            offsets = null;
        while (NextProperty(ref reader) is { } field)
        {
            switch (field)
            {
                case "dtype" when dtype is null && reader.TokenType == JsonTokenType.String:
                    dtype = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name, field, MaxDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name, field, 2);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Error(name, $"has an unexpected second or wrong {field}");
                default:
                    reader.Skip();
                    break;
            }
        }
        if (dtype is null || shape is null || offsets is null)
            throw Error(name, "lacks one of dtype, shape and data_offsets");
        var type = SafetensorsDType.Named(dtype)
            ?? throw Error(name, $"has dtype {Show(dtype)}, expected one of {SafetensorsDType.Names}{Quantization.Hint(dtype)}");
        if (offsets is not [var begin, var end] || begin > end || end > _dataLength)
            throw Error(name, $"has data_offsets [{string.Join(", ", offsets)}], expected two ascending numbers of at most {_dataLength}");
        if (ByteLength(shape, type.Size) is not { } bytes || bytes != end - begin)
            throw Error(
                name,
                $"has shape [{string.Join(", ", shape)}] of {dtype}, which does not take the {end - begin} bytes of its data_offsets "
                    + $"[{begin}, {end}]"
            );
        return new SafetensorsEntry(type.DType, shape, _dataStart + begin, bytes);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field, int maxCount)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Error(name, $"has {field} of {reader.TokenType}, expected a list of numbers");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Error(name, $"has something else in {field} than whole numbers from 0");
            if (numbers.Count == maxCount)
                throw Error(name, $"has more than {maxCount} numbers in {field}");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    /// <summary>Moves to the value of the next property and returns its name, or to the end of the object and returns null.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
            return null;
        var name = reader.GetString();
        reader.Read();
        return name;
    }

    /// <summary>Bytes of a tensor; null when a stride or the size overflows.</summary>
    private static long? ByteLength(long[] shape, int elementSize)
    {
        // A zero counts as one here, as in strides, so that [2^62, 0, 2^62] does not get past.
        Int128 padded = elementSize;
        foreach (var dimension in shape)
        {
            padded *= Math.Max(dimension, 1);
            if (padded > long.MaxValue)
                return null;
        }
        return shape.Contains(0) ? 0 : (long)padded;
    }

    private void CheckLayout()
    {
        Names = [.. _entries.OrderBy(e => e.Value.Offset).ThenBy(e => e.Value.ByteLength).Select(e => e.Key)];
        var expected = _dataStart;
        foreach (var name in Names)
        {
            var entry = _entries[name];
            if (entry.Offset != expected)
                throw Error(
                    name,
                    $"begins at byte {entry.Offset - _dataStart} of the data, expected {expected - _dataStart}: tensors follow each "
                        + "other without gaps or overlaps"
                );
            expected += entry.ByteLength;
        }
        if (expected != _dataStart + _dataLength)
            throw new CheckpointException(
                $"{_path}: the data has {_dataLength} bytes, expected the {expected - _dataStart} that its tensors take."
            );
    }

    private CheckpointException Error(string name, string problem) => new($"{_path}: tensor {Show(name)} {problem}.");

    /// <summary>A string of the file as an error message may hold it.</summary>
    private static string Show(string text)
    {
        var end = text.Length <= 120 ? text : text[..120] + "...";
        return string.Create(end.Length, end, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) ? '?' : source[i];
        });
    }
}
