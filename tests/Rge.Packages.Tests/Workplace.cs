using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;

namespace Rge.Packages.Tests;

/// <summary>
/// A folder outside the repository with a feed of the packages in it, and a home folder with only that feed. Packages of
/// others are taken from the user's own package folder, which gets none of ours; libtorch of other systems is a stand-in of a few bytes.
/// </summary>
public sealed class Workplace : IAsyncLifetime
{
    /// <summary>What ours are packed from, the needed before the needing.</summary>
    private static readonly string[] Libraries =
    [
        "Rge.Files",
        "Rge.Text",
        "Rge.Imaging",
        "Rge.Hub",
        "Rge.Models",
        "Rge",
        "Rge.Data",
        "Rge.ShapeWorld",
        "Rge.Reports",
        "Rge.Evaluation",
        "Rge.Oracle",
        "Rge.Training",
        "Rge.Search",
        "Rge.Server",
        "Rge.Verification",
    ];

    /// <summary>How many packages the feed has of ours: the libraries, and the tool with the one for its system.</summary>
    public static int Packages => Libraries.Length + 2;

    private readonly Dictionary<string, string?> _environment = new(StringComparer.Ordinal)
    {
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        // No server processes stay behind, and files that need not be copied are not.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        ["CreateHardLinksForCopyFilesToOutputDirectoryIfPossible"] = "true",
        ["CreateHardLinksForPublishFilesIfPossible"] = "true",
        // What the program that runs the tests says of itself is not for those that it starts.
        ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT"),
    };

    /// <summary>The repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The configuration that this was built in.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The folder everything is in, removed at the end.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("rge-packages-").FullName;

    /// <summary>The feed.</summary>
    public string Feed => Path.Combine(Folder, "feed");

    /// <summary>The folder that the packages are put into as they are restored.</summary>
    public string Restored => Path.Combine(Folder, "packages");

    /// <summary>The commands, lines and programs that docs/packages.md prints, by their language, in order.</summary>
    public static ILookup<string, string> Printed { get; } = BlocksOf(File.ReadAllText(Path.Combine(Repository, "docs", "packages.md")));

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux())
            return;
        await PrepareSdkPacksAsync();
        foreach (var library in Libraries)
            await PackAsync(library, "--no-build", "--no-restore");
        await PackAsync("Rge.Cli", "-p:BuildProjectReferences=false");
        WriteStandIn("libtorch-cpu-win-x64", "win-x64", "torch_cpu.dll");
        WriteStandIn("libtorch-cpu-osx-arm64", "osx-arm64", "libtorch_cpu.dylib");

        var packages = (await RunAsync(Folder, "dotnet nuget locals global-packages --list")).Split(": ", 2)[1].Trim();
        var sources = await RunAsync(Folder, "dotnet nuget list source");
        MakeHome();
        (_environment["HOME"], _environment["NUGET_PACKAGES"], _environment["RestoreFallbackFolders"]) = (Home, Restored, packages);
        var addSource = Printed["bash"]
            .Single()
            .Split('\n')
            .Single(line => line.StartsWith("dotnet nuget add source", StringComparison.Ordinal));
        await RunAsync(Folder, addSource.Replace("RGE/artifacts/packages", Feed, StringComparison.Ordinal));
        TakeOursFromFeedOnly(sources);
    }

    /// <summary>Runs a command line in a folder of the workplace as the user who has the feed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(string folder, string command, bool fails = false)
    {
        using var process = Start(folder, command);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode == 0 == fails)
            Assert.Fail($"{command}\nended with {process.ExitCode}\n{output}\n{await error}");
        return fails ? output + await error : output;
    }

    /// <summary>Starts a command line in a folder.</summary>
    public Process Start(string folder, string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec " + command])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Makes a project that has nothing but a reference, by the line that the document prints.</summary>
    /// <returns>Its folder.</returns>
    public string CreateProject(
        string name,
        string program,
        string? reference = null,
        string sdk = "Microsoft.NET.Sdk",
        string properties = ""
    )
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllText(
            Path.Combine(folder, name + ".csproj"),
            $"""
            <Project Sdk="{sdk}">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                {reference ?? Printed["xml"].First()}
              </ItemGroup>
            </Project>
            """
        );
        File.WriteAllText(Path.Combine(folder, "Program.cs"), program.Replace("RGE/", Repository + "/", StringComparison.Ordinal));
        return folder;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Home => Path.Combine(Folder, "home");

    private string NuGetConfig => Path.Combine(Home, ".nuget", "NuGet", "NuGet.Config");

    private Task<string> PackAsync(string project, params string[] options) =>
        RunAsync(
            Folder,
            $"dotnet pack {Path.Combine(Repository, "src", project)} --configuration {Configuration} --output {Feed} --verbosity quiet "
                + $"{string.Join(' ', options)}"
        );

    /// <summary>Lets the user's package folder have what the SDK takes from it for publishing, as any publishing of theirs would.</summary>
    private async Task PrepareSdkPacksAsync()
    {
        var folder = CreateProject(
            "packs",
            "",
            reference: "",
            properties: "<RuntimeIdentifier>linux-x64</RuntimeIdentifier><SelfContained>true</SelfContained><PublishReadyToRun>true</PublishReadyToRun><PublishTrimmed>true</PublishTrimmed>"
        );
        await RunAsync(folder, "dotnet restore --verbosity quiet");
    }

    private void MakeHome()
    {
        var own = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "NuGet", "NuGet.Config");
        Directory.CreateDirectory(Path.GetDirectoryName(NuGetConfig)!);
        if (File.Exists(own))
            File.Copy(own, NuGetConfig);
    }

    private void TakeOursFromFeedOnly(string sources)
    {
        // " 1.  NAME [Enabled]", and the address on the next line.
        var others = sources
            .Split('\n')
            .Where(line => line.EndsWith("[Enabled]", StringComparison.Ordinal))
            .Select(line => line.Trim().Split(".  ", 2)[1].Replace(" [Enabled]", "", StringComparison.Ordinal));
        var config = XDocument.Load(NuGetConfig);
        config.Root!.Add(
            new XElement(
                "packageSourceMapping",
                Mapping("rge", "Rge", "Rge.*", "libtorch-cpu-win-x64", "libtorch-cpu-osx-arm64"),
                others.Select(source => Mapping(source, "*"))
            )
        );
        config.Save(NuGetConfig);

        static XElement Mapping(string source, params string[] patterns) =>
            new(
                "packageSource",
                new XAttribute("key", source),
                patterns.Select(pattern => new XElement("package", new XAttribute("pattern", pattern)))
            );
    }

    private void WriteStandIn(string id, string system, string file)
    {
        using var package = ZipFile.Open(Path.Combine(Feed, $"{id}.2.10.0.nupkg"), ZipArchiveMode.Create);
        Write(
            $"{id}.nuspec",
            $"""
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
              <metadata><id>{id}</id><version>2.10.0</version><authors>tests</authors><description>A stand-in.</description></metadata>
            </package>
            """
        );
        Write($"runtimes/{system}/native/{file}", "a stand-in");

        void Write(string name, string text)
        {
            using var entry = package.CreateEntry(name).Open();
            entry.Write(Encoding.UTF8.GetBytes(text));
        }
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Rge.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is in no clone of the repository.");
        return folder.FullName;
    }

    /// <summary>The fenced blocks of a page, by their language.</summary>
    public static ILookup<string, string> BlocksOf(string page) =>
        page.Split("\n```").Where((_, i) => i % 2 == 1).Select(part => part.Split('\n', 2)).ToLookup(part => part[0], part => part[1]);
}
