namespace Rge.Tests.Shared;

/// <summary>A folder for one test, deleted with it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rge-").FullName;

    /// <summary>Path of a file or folder in it.</summary>
    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a text file and returns this folder.</summary>
    public ScratchFolder With(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this;
    }

    /// <summary>Copies files of another folder and returns this one.</summary>
    public ScratchFolder WithCopies(string source, params string[] names)
    {
        foreach (var name in names)
        {
            File.Copy(System.IO.Path.Combine(source, name), this[name]);
            File.SetAttributes(this[name], FileAttributes.Normal);
        }
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
