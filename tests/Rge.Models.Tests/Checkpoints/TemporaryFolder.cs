using System.Buffers.Binary;
using System.Text;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rge-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file of any bytes and returns its path.</summary>
    public string Write(string name, byte[] bytes)
    {
        System.IO.File.Delete(File(name)); // Some file systems flush a file that is cut to nothing and written again.
        System.IO.File.WriteAllBytes(File(name), bytes);
        return File(name);
    }

    /// <summary>Writes a safetensors file of this header and data, right or wrong, and returns its path.</summary>
    public string WriteSafetensors(string name, string header, int dataBytes) => WriteSafetensors(name, header, new byte[dataBytes]);

    /// <inheritdoc cref="WriteSafetensors(string, string, int)"/>
    public string WriteSafetensors(string name, string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        return Write(name, [.. prefix, .. json, .. data]);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
