using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using CsCheck;

namespace Rge.Server.Tests;

/// <summary>Images that are uploaded as the files of a form.</summary>
public abstract partial class CollectionEndpointTests
{
    [Fact]
    public async Task Fields_of_a_form_are_used_or_refused()
    {
        await MakeAsync();
        var one = await FormAsync(("metadata", """{"set":"holiday","year":2020}"""));
        foreach (var id in one["ids"]!.AsArray())
            Assert.Equal(
                """{"set":["holiday"],"year":["2020"]}""",
                (await GetAsync($"/v1/collections/c/items/{(string?)id}"))["metadata"]!.ToJsonString()
            );
        var each = await FormAsync(("metadata", """{"side":"left"}"""), ("metadata", """{"side":"right"}"""));
        Assert.Equal(
            """{"side":["right"]}""",
            (await GetAsync($"/v1/collections/c/items/{(string?)each["ids"]![1]}"))["metadata"]!.ToJsonString()
        );

        foreach (
            var (name, value, message) in (IEnumerable<(string, string, string)>)
                [
                    ("metadata", "{", "metadata is not valid JSON"),
                    ("metadata", "[1]", "metadata is a list, expected an object"),
                    ("metadata", """{"a":{}}""", "metadata 'a' is an object"),
                    ("meta", "{}", "The form has a field 'meta', expected files, metadata and on_error."),
                    ("on_error", "stop", "on_error is 'stop', expected fail or skip."),
                ]
        )
        {
            using var form = Form((name, value));
            Assert.Contains(message, (await FormErrorAsync(form, 400)).Message, StringComparison.Ordinal);
        }
        using var twice = Form(("on_error", "fail"), ("on_error", "skip"));
        var error = await FormErrorAsync(twice, 400);
        Assert.Equal(("The form has the field on_error 2 times, expected it once.", "on_error"), (error.Message, error.Param));
        using var many = Form([.. Enumerable.Repeat(("metadata", "{}"), 12)]);
        error = await FormErrorAsync(many, 400);
        Assert.Equal(("The form has more than 8 files or fields, expected at most 4 files.", "too_many"), (error.Message, error.Code));
        using var three = Form(("metadata", "{}"), ("metadata", "{}"), ("metadata", "{}"));
        Assert.Contains("3 fields metadata and 2 files", (await FormErrorAsync(three, 400)).Message, StringComparison.Ordinal);
        using var fails = Form(("on_error", "fail"));
        fails.Add(Image([1, 2, 3]), "file", "broken.png");
        Assert.Equal("items[2]", (await FormErrorAsync(fails, 400)).Param);

        async Task<JsonNode> FormAsync(params (string Name, string Value)[] fields)
        {
            using var form = Form(fields);
            using var response = await Server.Client.PostAsync("/v1/collections/c/items", form, Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
        }

        static MultipartFormDataContent Form(params (string Name, string Value)[] fields)
        {
            var form = new MultipartFormDataContent
            {
                { Image(TestImages.Grey(28, 28)), "file", "one.png" },
                { Image(TestImages.Grey(56, 28)), "file", "two.png" },
            };
            foreach (var (name, value) in fields)
                form.Add(new StringContent(value), name);
            return form;
        }
    }

    [Fact]
    public async Task Files_of_a_form_are_items_and_their_names_are_names_alone()
    {
        await MakeAsync();
        using var form = new MultipartFormDataContent
        {
            { Image(TestImages.Grey(84, 84)), "file", "../../../etc/one.png" },
            { Image([1, 2, 3]), "file", "broken.png" },
            { Image(TestImages.Grey(56, 56)), "file", "C:\\pictures\\two.png" },
        };
        using var response = await Server.Client.PostAsync("/v1/collections/c/items", form, Cancel);
        var added = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal((2, 1), ((int)added["embedded"]!, (int)added["failed"]![0]!["index"]!));
        Assert.Contains("broken.png", (string)added["failed"]![0]!["problem"]!, StringComparison.Ordinal);
        Assert.Equal(
            ["one.png", "two.png"],
            (await GetAsync("/v1/collections/c/items"))["items"]!
                .AsArray()
                .Select(item => (string)item!["label"]!)
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Forms_that_are_too_large_or_no_forms_are_refused()
    {
        await MakeAsync();
        using var many = new MultipartFormDataContent();
        for (var i = 0; i <= Limits.MaxImages; i++)
            many.Add(Image(TestImages.Grey(28, 28 + i)), "file", $"{i}.png");
        Assert.Equal("The form has 5 files, expected 1 to 4.", (await FormErrorAsync(many, 400)).Message);
        using var large = new MultipartFormDataContent { { Image(new byte[Limits.MaxImageBytes + 1]), "file", "large.png" } };
        Assert.Equal("image_too_large", (await FormErrorAsync(large, 400)).Code);
        using var bomb = new MultipartFormDataContent { { Image(TestImages.Bomb()), "file", "bomb.png" } };
        using var response = await Server.Client.PostAsync("/v1/collections/c/items", bomb, Cancel);
        Assert.Contains("60000×60000", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(0, (int)(await GetAsync("/v1/collections/c"))["records"]!);
    }

    [Fact]
    public async Task The_files_of_a_form_are_bounded_as_items_too()
    {
        await using var server = await TestServer.StartAsync(
            new ServerOptions { Store = Path.Combine(Folder, "few.db"), Limits = Limits with { MaxItems = 2 } }
        );
        await server.PostAsync("/v1/collections", """{"name":"c"}""", Cancel);
        using var three = new MultipartFormDataContent();
        for (var i = 0; i < 3; i++)
            three.Add(Image(TestImages.Grey(28, 28 + i)), "file", $"{i}.png");
        var error = await ErrorAsync(three);
        Assert.Equal(("The form has 3 files, expected 1 to 2.", "too_many"), (error.Message, error.Code));
        using var fields = new MultipartFormDataContent { { Image(TestImages.Grey(28, 28)), "file", "one.png" } };
        for (var i = 0; i < 5; i++)
            fields.Add(new StringContent("{}"), "metadata");
        Assert.Equal("The form has more than 4 files or fields, expected at most 2 files.", (await ErrorAsync(fields)).Message);

        async Task<ErrorSeen> ErrorAsync(HttpContent form)
        {
            using var response = await server.Client.PostAsync("/v1/collections/c/items", form, Cancel);
            return await ErrorSeen.ReadAsync(response);
        }
    }

    [Fact]
    public async Task Damaged_forms_are_answered_with_an_error_and_nothing_else()
    {
        await MakeAsync();
        var whole = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"u8
            .ToArray()
            .Concat(TestImages.Grey(28, 28))
            .Concat("\r\n--b--\r\n"u8.ToArray())
            .ToArray();
        var damaged =
            from cut in Gen.Int[0, whole.Length - 3]
            from place in Gen.Int[0, whole.Length - 1]
            from value in Gen.Byte
            from cuts in Gen.Bool
            select cuts ? whole[..cut] : Changed(whole, place, value);
        await damaged.SampleAsync(
            async body =>
            {
                using var content = new ByteArrayContent(body);
                content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
                using var response = await Server.Client.PostAsync("/v1/collections/c/items", content, Cancel);
                if (response.StatusCode != HttpStatusCode.OK)
                    Assert.InRange((await ErrorSeen.ReadAsync(response)).Status, 400, 499);
            },
            iter: 60,
            threads: 1
        );
        Assert.Empty(Server.Errors);

        static byte[] Changed(byte[] body, int place, byte value)
        {
            var changed = (byte[])body.Clone();
            changed[place] = value;
            return changed;
        }
    }
}
