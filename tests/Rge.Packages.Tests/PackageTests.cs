using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Xml.Linq;

namespace Rge.Packages.Tests;

/// <summary>What docs/packages.md prints, done outside the repository with the packages alone.</summary>
public sealed class PackageTests(Workplace workplace) : IClassFixture<Workplace>
{
    private const string Sizes = "a program has libtorch of its own system once (486 MB) and little else";

    private static readonly string Expected = Workplace.Printed["text"].Single();
    private static readonly string Program = Workplace.Printed["csharp"].First();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_printed_program_prints_what_it_is_said_to()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the programs are built for Linux");
        var folder = await CreateAsync("plain", Program);
        await workplace.RunAsync(folder, "dotnet build --verbosity quiet");
        var output = Path.Combine(folder, "bin", "Debug", "net10.0");
        Assert.Equal(Expected, (await workplace.RunAsync(folder, $"dotnet {output}/plain.dll")).TrimEnd());
        Assert.Equal(["linux-x64"], Directory.GetDirectories(Path.Combine(output, "runtimes")).Select(Path.GetFileName));
        ExpectOneLibtorch(output);
        Assert.Equal(["Rge", "Rge.Files", "Rge.Imaging", "Rge.Models", "Rge.Text"], OursIn(Path.Combine(output, "plain.deps.json")));
    }

    [Theory]
    [InlineData("framework", "", "dotnet {0}/framework.dll")]
    [InlineData("own", "--runtime linux-x64 --self-contained true", "{0}/own")]
    [InlineData("single", "--runtime linux-x64 --self-contained true -p:PublishSingleFile=true", "{0}/single")]
    [InlineData("ready", "--runtime linux-x64 --self-contained false -p:PublishReadyToRun=true", "dotnet {0}/ready.dll")]
    [InlineData("trimmed", "--runtime linux-x64 --self-contained true -p:PublishTrimmed=true", "{0}/trimmed")]
    public async Task Published_programs_print_the_same(string name, string options, string start)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the programs are published for Linux");
        var folder = await CreateAsync(name, Program);
        var output = Path.Combine(folder, "out");
        await workplace.RunAsync(folder, $"dotnet publish --verbosity quiet --output {output} {options}");
        Assert.Equal(
            Expected,
            (await workplace.RunAsync(folder, string.Format(System.Globalization.CultureInfo.InvariantCulture, start, output))).TrimEnd()
        );
        ExpectOneLibtorch(output);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_program_for_another_system_gets_that_systems_libraries()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var folder = await CreateAsync("windows", Program);
        var output = Path.Combine(folder, "out");
        await workplace.RunAsync(
            folder,
            $"dotnet publish --verbosity quiet --runtime win-x64 --self-contained false -p:UseAppHost=false --output {output}"
        );
        Assert.True(File.Exists(Path.Combine(output, "torch_cpu.dll")));
        Assert.True(File.Exists(Path.Combine(output, "LibTorchSharp.dll")));
        Assert.Empty(Directory.GetFiles(output, "*.so", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFiles(output, "*.dylib", SearchOption.AllDirectories));
        // For a system that libtorch is not there for, the build says so.
        Assert.Contains(
            "RGE0002",
            await workplace.RunAsync(folder, "dotnet build --runtime linux-arm64 --self-contained false -p:UseAppHost=false"),
            StringComparison.Ordinal
        );
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Every_systems_libraries_stay_where_that_is_asked_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var folder = await CreateAsync("everywhere", "return;", "<RgeNatives>all</RgeNatives>");
        await workplace.RunAsync(folder, "dotnet build --verbosity quiet");
        var runtimes = Path.Combine(folder, "bin", "Debug", "net10.0", "runtimes");
        foreach (
            var file in (string[])
                ["win-x64/native/torch_cpu.dll", "osx-arm64/native/libtorch_cpu.dylib", "linux-x64/native/libtorch_cpu.so"]
        )
            Assert.True(File.Exists(Path.Combine(runtimes, file)), file);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_program_whose_libtorch_is_missing_says_so_and_copies_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are those of Linux");
        var folder = await CreateAsync("without", Program);
        await workplace.RunAsync(folder, "dotnet build --verbosity quiet");
        var output = Path.Combine(folder, "bin", "Debug", "net10.0");
        File.Delete(Path.Combine(output, "runtimes", "linux-x64", "native", "libtorch_cpu.so"));
        var before = Directory.GetFiles(output, "*", SearchOption.AllDirectories);
        var said = await workplace.RunAsync(folder, $"dotnet {output}/without.dll", fails: true);
        Assert.Contains(
            "Rge.Models.Tensors.NativeLibraryException: libtorch cannot be loaded: libtorch_cpu.so is not with the program",
            said,
            StringComparison.Ordinal
        );
        Assert.Contains("dotnet publish -r linux-x64", said, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(output, "*", SearchOption.AllDirectories));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_printed_service_answers_from_its_cache()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the programs are built for Linux");
        var folder = await CreateAsync("service", Workplace.Printed["csharp"].Skip(1).Single(), sdk: "Microsoft.NET.Sdk.Web");
        await workplace.RunAsync(folder, "dotnet build --verbosity quiet");
        using var process = workplace.Start(folder, "dotnet bin/Debug/net10.0/service.dll --urls http://127.0.0.1:0");
        try
        {
            const string Listening = "Now listening on: ";
            string? line;
            do line = await process.StandardOutput.ReadLineAsync(Cancellation);
            while (line is not null && !line.Contains(Listening, StringComparison.Ordinal));
            using var client = new HttpClient { BaseAddress = new Uri(line!.Split(Listening)[1]) };
            var first = JsonDocument.Parse(await client.GetStringAsync("/embed?text=red+ring", Cancellation)).RootElement;
            var second = JsonDocument.Parse(await client.GetStringAsync("/embed?text=red+ring", Cancellation)).RootElement;
            Assert.Equal(128, first.GetProperty("dimensions").GetInt32());
            Assert.False(string.IsNullOrEmpty(first.GetProperty("rationale").GetString()));
            Assert.Equal(first.GetRawText(), second.GetRawText());
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Every_assembly_brings_symbols_and_sources()
    {
        var embeddedSource = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
        foreach (var package in Directory.GetFiles(workplace.Feed, "Rge*.nupkg"))
        {
            using var archive = ZipFile.OpenRead(package);
            foreach (
                var entry in archive.Entries.Where(entry =>
                    entry.Name.StartsWith("Rge", StringComparison.Ordinal) && entry.Name.EndsWith(".dll", StringComparison.Ordinal)
                )
            )
            {
                using var content = new MemoryStream();
                using (var stream = entry.Open())
                    stream.CopyTo(content);
                content.Position = 0;
                using var assembly = new PEReader(content);
                var symbols = assembly
                    .ReadDebugDirectory()
                    .Single(directory => directory.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
                using var provider = assembly.ReadEmbeddedPortablePdbDebugDirectoryData(symbols);
                var reader = provider.GetMetadataReader();
                Assert.NotEmpty(reader.Documents);
                foreach (var document in reader.Documents)
                {
                    var kinds = reader
                        .GetCustomDebugInformation(document)
                        .Select(handle => reader.GetGuid(reader.GetCustomDebugInformation(handle).Kind));
                    Assert.True(kinds.Contains(embeddedSource), $"{entry.FullName}: {reader.GetString(reader.GetDocument(document).Name)}");
                }
            }
        }
    }

    [Fact]
    public async Task All_packages_work_together()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the programs are built for Linux");
        var references = string.Concat(
            Directory
                .GetFiles(workplace.Feed, "Rge.*.nupkg")
                .Select(ReadNuspec)
                .Where(package => !package.Id.StartsWith("Rge.Cli", StringComparison.Ordinal))
                .Select(package => $"<PackageReference Include=\"{package.Id}\" Version=\"{package.Version}\" />")
        );
        const string Use = """
            using Rge;
            using Rge.Search;
            using Rge.Search.Collections;
            using Rge.Search.Indexing;
            foreach (var type in new[] { typeof(Rge.Data.TargetItem), typeof(Rge.Evaluation.Evaluator), typeof(Rge.Training.TrainingException), typeof(Rge.Server.RgeServer) })
                Console.WriteLine(type.Assembly.GetName().Name);
            using var embedder = ReasoningEmbedder.Load("RGE/models/shapeworld");
            using var collections = SearchCollections.Open("store.db");
            using var collection = await collections.CreateAsync("texts", CollectionIdentity.For(embedder));
            await new Indexer(collection, embedder).AddAsync([new SearchItem { Key = "one", Text = "red ring class" }, new SearchItem { Key = "two", Text = "blue bar class" }]);
            Console.WriteLine((await new Searcher(collection, embedder).SearchAsync(EmbeddingInput.Target("blue bar class"), 1)).Hits.Single().Record.Key);
            """;
        var folder = await CreateAsync("together", Use, reference: references);
        await workplace.RunAsync(folder, "dotnet build --verbosity quiet");
        Assert.Equal(
            "Rge.Data\nRge.Evaluation\nRge.Training\nRge.Server\ntwo\n",
            await workplace.RunAsync(folder, "dotnet bin/Debug/net10.0/together.dll")
        );
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_command_line_is_a_tool()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the tool is packed for Linux");
        var tools = Path.Combine(workplace.Folder, "tools");
        await workplace.RunAsync(workplace.Folder, $"dotnet tool install Rge.Cli --tool-path {tools}");
        Assert.Contains("rge", await workplace.RunAsync(workplace.Folder, $"{tools}/rge --help"), StringComparison.Ordinal);
        var ranked = await workplace.RunAsync(
            workplace.Folder,
            $"{tools}/rge rank --model {Workplace.Repository}/models/shapeworld --text 'red ring' --candidates 'red ring class' "
                + "--candidates 'blue bar class' --json"
        );
        Assert.Contains("red ring class", ranked, StringComparison.Ordinal);
        Directory.Delete(tools, recursive: true);
    }

    [Fact]
    public async Task A_reference_to_the_project_works_from_outside_the_repository()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the programs are built for Linux");
        // As the user whose packages the repository is built with, and with what is built already.
        var folder = await CreateAsync(
            "project",
            Program,
            reference: $"""<ProjectReference Include="{Workplace.Repository}/src/Rge/Rge.csproj" />"""
        );
        await workplace.RunAsync(
            folder,
            "env --unset=NUGET_PACKAGES --unset=RestoreFallbackFolders "
                + $"HOME={Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)} "
                + $"dotnet build --verbosity quiet --configuration {Workplace.Configuration} -p:BuildProjectReferences=false"
        );
        Assert.Equal(Expected, (await workplace.RunAsync(folder, $"dotnet bin/{Workplace.Configuration}/net10.0/project.dll")).TrimEnd());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_readme_prints_what_is_run_here()
    {
        var readme = File.ReadAllText(Path.Combine(Workplace.Repository, "README.md"))
            .Split("<!-- in-your-project: begin -->")[1]
            .Split("<!-- in-your-project: end -->")[0];
        var blocks = Workplace.BlocksOf(readme);
        Assert.Equal(["csharp", "xml"], blocks.Select(block => block.Key).Order(StringComparer.Ordinal));
        foreach (var language in blocks)
            Assert.All(language, block => Assert.Contains(block, Workplace.Printed[language.Key]));
    }

    [Fact]
    public void Packages_say_what_they_are()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "packed on Linux");
        var packages = Directory.GetFiles(workplace.Feed, "Rge*.nupkg").Select(ReadNuspec).ToArray();
        Assert.Equal(Workplace.Packages, packages.Length);
        foreach (var (id, version, nuspec, files) in packages)
        {
            Assert.Equal(
                ("Rge contributors", "Apache-2.0", "README.md"),
                (Field(nuspec, "authors"), Field(nuspec, "license"), Field(nuspec, "readme"))
            );
            Assert.NotEqual("Package Description", Field(nuspec, "description"));
            Assert.NotEmpty(Field(nuspec, "tags"));
            Assert.Contains("README.md", files);
            // A preview is what depends on one: "NAME 1.2.3-beta.1".
            var dependsOnPreview = Dependencies(nuspec).Any(dependency => dependency.Split(' ')[1].Contains('-', StringComparison.Ordinal));
            Assert.Equal(dependsOnPreview, version.Contains('-', StringComparison.Ordinal));
        }
        var models = packages.Single(package => package.Id == "Rge.Models");
        Assert.Contains("buildTransitive/Rge.Models.targets", models.Files);
        Assert.Equal(
            ["libtorch-cpu-linux-x64 2.10.0", "libtorch-cpu-osx-arm64 2.10.0", "libtorch-cpu-win-x64 2.10.0"],
            Dependencies(models.Nuspec)
                .Where(dependency => dependency.StartsWith("libtorch", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
    }

    private async Task<string> CreateAsync(
        string name,
        string program,
        string properties = "",
        string? reference = null,
        string sdk = "Microsoft.NET.Sdk"
    )
    {
        var folder = workplace.CreateProject(name, program, reference, sdk, properties);
        if (program == Program)
        {
            var command = Workplace
                .Printed["bash"]
                .Single()
                .Split('\n')
                .Single(line => line.StartsWith("RGE/rge world", StringComparison.Ordinal));
            await workplace.RunAsync(
                folder,
                command.Replace(
                    "RGE/rge",
                    $"dotnet {Workplace.Repository}/src/Rge.Cli/bin/{Workplace.Configuration}/net10.0/Rge.Cli.dll",
                    StringComparison.Ordinal
                )
            );
        }
        return folder;
    }

    /// <summary>Which of our packages a program was built with; the folder of restored packages is shared with the other tests.</summary>
    private static string[] OursIn(string dependencies)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(dependencies));
        return
        [
            .. document
                .RootElement.GetProperty("libraries")
                .EnumerateObject()
                .Select(library => library.Name.Split('/')[0])
                .Where(name => name is "Rge" || name.StartsWith("Rge.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static void ExpectOneLibtorch(string output)
    {
        var files = Directory.GetFiles(output, "*", SearchOption.AllDirectories);
        Assert.Single(files, file => Path.GetFileName(file) == "libtorch_cpu.so");
        Assert.DoesNotContain(files, file =>
            Path.GetExtension(file) is ".dylib" || Path.GetFileName(file) is "torch_cpu.dll" or "libSkiaSharp.dll"
        );
        Assert.True(files.Sum(file => new FileInfo(file).Length) < 700L << 20, Sizes);
    }

    private static (string Id, string Version, XDocument Nuspec, string[] Files) ReadNuspec(string path)
    {
        using var package = ZipFile.OpenRead(path);
        using var file = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        var nuspec = XDocument.Load(file);
        return (Field(nuspec, "id"), Field(nuspec, "version"), nuspec, [.. package.Entries.Select(entry => entry.FullName)]);
    }

    private static IEnumerable<string> Dependencies(XDocument nuspec) =>
        nuspec
            .Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}");

    private static string Field(XDocument nuspec, string name) =>
        nuspec.Descendants().First(element => element.Name.LocalName == name).Value;
}
