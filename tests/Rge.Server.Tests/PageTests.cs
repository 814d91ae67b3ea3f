using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Rge.Server.Tests;

/// <summary>The page in a real browser. With RGE_SCREENSHOTS set to a folder, images of it are left there to look at.</summary>
[Collection(nameof(Alone))]
public sealed class PageTests(Browser browser) : IAsyncLifetime
{
    private static readonly string? Screenshots = Environment.GetEnvironmentVariable("RGE_SCREENSHOTS");

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-page-").FullName;
    private readonly List<string> _complaints = [];

    private TestServer Server { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Browser.Problem is { } problem)
            Assert.Skip(problem);
        SetDefaultExpectTimeout(60_000);
        Server = await TestServer.StartAsync(new ServerOptions { Store = Path.Combine(_folder, "store.db") });
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task From_an_empty_start_to_an_answer_and_another_after_an_edited_rationale()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#empty")).ToBeVisibleAsync();
        await ShootAsync(page, "empty");
        await page.ClickAsync("#sample");
        await Expect(page.Locator("#tries button")).ToHaveCountAsync(6);
        await ShootAsync(page, "sample");

        // An example with an image: what is changed in it can be edited.
        await page.Locator("#tries button:has(img)").First.ClickAsync();
        var answer = page.Locator(".answer");
        await Expect(answer.Locator(".hits li")).ToHaveCountAsync(12);
        await Expect(answer.Locator("h2")).ToHaveTextAsync("With reasoning");
        var rationale = await answer.Locator(".rationale").InputValueAsync();
        Assert.NotEmpty(rationale);
        var scores = await ScoresAsync(answer);
        Assert.Equal(scores.OrderDescending(), scores);
        await Expect(answer.Locator(".times")).ToContainTextAsync("reason");
        await CheckAsync(page);
        await ShootAsync(page, "answer");

        await answer.Locator(".rationale").FillAsync("center red star so red star");
        await answer.Locator(".again").ClickAsync();
        await Expect(answer.Locator("h2")).ToHaveTextAsync("With your rationale");
        await Expect(answer.Locator(".again")).ToBeVisibleAsync();
        await Expect(page.Locator("#ask")).ToBeEnabledAsync();
        Assert.Equal("center red star so red star", await answer.Locator(".rationale").InputValueAsync());
        Assert.NotEqual(scores, await ScoresAsync(answer));
        await ShootAsync(page, "edited");
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task Reasoning_on_and_off_stand_side_by_side()
    {
        var page = await OpenSampleAsync();
        await page.CheckAsync("input[name=reasoning][value=both]");
        await page.Locator("#tries button").First.ClickAsync();
        var answers = page.Locator(".answer");
        await Expect(answers).ToHaveCountAsync(2);
        for (var i = 0; i < 2; i++)
            await Expect(answers.Nth(i).Locator(".hits li")).ToHaveCountAsync(12);
        Assert.Equal(["With reasoning", "Without reasoning"], await page.Locator(".answer h2").AllInnerTextsAsync());
        Assert.NotEmpty(await answers.Nth(0).Locator(".rationale").InputValueAsync());
        Assert.Empty(await answers.Nth(1).Locator(".rationale").InputValueAsync());
        Assert.NotEqual(await ScoresAsync(answers.Nth(0)), await ScoresAsync(answers.Nth(1)));
        await CheckAsync(page);
        await ShootAsync(page, "side-by-side");
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task Images_are_added_and_found_by_an_image_with_the_keyboard_alone()
    {
        var page = await OpenAsync();
        await page.FocusAsync("#manage");
        await page.Keyboard.PressAsync("Enter");
        await page.SetInputFilesAsync(
            "#files",
            [
                File("grey.png", TestImages.Grey(84, 84)),
                File("broken.png", [1, 2, 3]),
                .. TestImages.Queries(5).Select((query, i) => File($"scene-{i}.png", query.Png)),
            ]
        );
        await page.FocusAsync("#target");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#problem")).ToContainTextAsync("1 of 7 could not be added");
        await Expect(page.Locator("#about")).ToContainTextAsync("6 items");

        await page.SetInputFilesAsync("#file", File("like.png", TestImages.Queries(3)[2].Png));
        await Expect(page.Locator("#preview")).ToBeVisibleAsync();
        await page.FocusAsync("#text");
        await page.Keyboard.TypeAsync("represent the picture");
        await page.CheckAsync("input[name=reasoning][value=off]");
        await page.FocusAsync("#text");
        await page.Keyboard.PressAsync("Control+Enter");
        await Expect(page.Locator(".hits li")).ToHaveCountAsync(6);
        await Expect(page.Locator(".hits li").First).ToContainTextAsync("scene-2.png");
        await Expect(page.Locator("#problem")).ToBeHiddenAsync();
        // A hit becomes the next query's image.
        await page.Locator(".hits li button").Nth(1).ClickAsync();
        await Expect(page.Locator("#text")).ToBeFocusedAsync();
        await page.ClickAsync("#remove");
        await Expect(page.Locator("#preview")).ToBeHiddenAsync();
        await page.FillAsync("#text", "");
        await page.ClickAsync("#ask");
        await Expect(page.Locator("#problem")).ToContainTextAsync("nothing to search with");
        Assert.Empty(_complaints);
    }

    [Fact]
    public async Task A_server_with_keys_asks_for_one()
    {
        await using var server = await TestServer.StartAsync(
            new ServerOptions { Store = Path.Combine(_folder, "keys.db"), ApiKeys = ["secret"] }
        );
        var page = await browser.OpenAsync();
        await page.GotoAsync(server.Address.ToString());
        await Expect(page.Locator("#key")).ToBeVisibleAsync();
        await page.FillAsync("#secret", "wrong");
        await page.PressAsync("#secret", "Enter");
        await Expect(page.Locator("#problem")).ToContainTextAsync("not known");
        await page.FillAsync("#secret", "secret");
        await page.PressAsync("#secret", "Enter");
        await Expect(page.Locator("#empty")).ToBeVisibleAsync();
        await Expect(page.Locator("#key")).ToBeHiddenAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("#empty")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("phone", 375, 720, ColorScheme.Light)]
    [InlineData("dark", 1280, 900, ColorScheme.Dark)]
    public async Task It_fits_a_phone_and_the_dark(string name, int width, int height, ColorScheme scheme)
    {
        var page = await OpenSampleAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = width, Height = height },
                ColorScheme = scheme,
            }
        );
        await page.Locator("#tries button:has(img)").First.ClickAsync();
        await Expect(page.Locator(".hits li")).ToHaveCountAsync(12);
        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"),
            "the page is wider than the screen"
        );
        await CheckAsync(page);
        await ShootAsync(page, name);
        Assert.Empty(_complaints);
    }

    private async Task<IPage> OpenAsync(BrowserNewContextOptions? options = null)
    {
        var page = await browser.OpenAsync(options);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
        await page.GotoAsync(Server.Address.ToString());
        return page;
    }

    private async Task<IPage> OpenSampleAsync(BrowserNewContextOptions? options = null)
    {
        var page = await OpenAsync(options);
        await page.ClickAsync("#sample");
        await Expect(page.Locator("#tries button")).ToHaveCountAsync(6);
        return page;
    }

    private static async Task<double[]> ScoresAsync(ILocator answer) =>
        [.. (await answer.Locator(".score").AllInnerTextsAsync()).Select(score => double.Parse(score, CultureInfo.InvariantCulture))];

    /// <summary>Looks for what keeps people from using the page: contrast, names, roles.</summary>
    private static async Task CheckAsync(IPage page)
    {
        var found = await page.RunAxe();
        Assert.True(
            found.Violations.Length == 0,
            string.Join(
                '\n',
                found.Violations.Select(violation =>
                    $"{violation.Id}: {violation.Help} at {string.Join(", ", violation.Nodes.Select(node => node.Html))}"
                )
            )
        );
    }

    private static FilePayload File(string name, byte[] bytes) =>
        new()
        {
            Name = name,
            MimeType = "image/png",
            Buffer = bytes,
        };

    private static async Task ShootAsync(IPage page, string name)
    {
        if (Screenshots is not null)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Screenshots, $"{name}.png"), FullPage = true });
    }
}
