using OpenQA.Selenium;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>Conversations in the chat page, as a person has them.</summary>
[Collection(nameof(ChatBrowserCollection))]
public sealed class ConversationTests(ChatBrowser page)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Question_Sent_IsAnsweredWithFigures()
    {
        page.Open();

        Assert.Equal("Hello.", page.Ask("Good morning"));

        Assert.Equal("Good morning", Assert.Single(page.Find(".bubble")).Text);
        Assert.Matches(
            @"^[0-9.]+ tokens/s · 9 tokens · 2 of 5 prompt tokens cached · first after [0-9.]+ s$", page.Find(".stats")[0].Text);
        Assert.Equal("scripted", page.Find("#model option")[0].Text);
        Assert.Equal("Good morning", page.Find("#title")[0].Text);
        Assert.Equal("""[{"role":"user","content":"Good morning"}]""", Messages(0));
        Assert.True(page.Server.Requests[0].GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Empty(page.Errors());
    }

    [Fact]
    public void Line_BegunByShiftEnter_IsPartOfTheMessage()
    {
        page.Open();

        page.Driver.FindElement(By.Id("prompt")).SendKeys("one" + Keys.Shift + Keys.Enter + Keys.Null + "two" + Keys.Enter);
        page.UntilAnswered();

        Assert.Equal("one\ntwo", page.Run<string>("return document.querySelector('.bubble').textContent"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_Stopped_KeepsWhatCame(bool byKey)
    {
        page.Open();
        page.Server.Answer = _ => Endless();
        page.Send("Go on");
        page.Until(
            () => page.Find(".assistant .content").Any(content => content.Text.Contains("on and on", StringComparison.Ordinal)));

        if (byKey)
        {
            page.Driver.SwitchTo().ActiveElement().SendKeys(Keys.Escape);
        }
        else
        {
            page.Click("#send");
        }

        page.UntilAnswered();
        await page.Server.Left.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.StartsWith("on and on", page.Find(".assistant .content")[0].Text, StringComparison.Ordinal);
        Assert.EndsWith("stopped", page.Find(".stats")[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Answer_MadeAgain_IsABranchBesideTheFirst()
    {
        page.Open();
        int count = 0;
        page.Server.Answer = _ => ScriptedServer.Say($"Answer {++count}.");
        page.Ask("Why?");

        page.Click("[aria-label='Answer again']");
        page.UntilAnswered();

        Assert.Equal(("Answer 2.", "2/2"), Shown());
        page.Click("[aria-label='The version before']", 1);
        Assert.Equal(("Answer 1.", "1/2"), Shown());
        Assert.Equal("Answer 3.", page.Ask("And then?"));
        Assert.Equal(
            """[{"role":"user","content":"Why?"},{"role":"assistant","content":"Answer 1."},{"role":"user","content":"And then?"}]""",
            Messages(2));

        (string, string) Shown() => (page.Find(".assistant .content")[0].Text, page.Find(".assistant .branch-text")[0].Text);
    }

    [Fact]
    public void Message_Edited_BranchesFromThere()
    {
        page.Open();
        page.Server.Answer = request => ScriptedServer.Say(
            $"You said {request.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()}.");
        page.Ask("one");
        page.Ask("two");

        page.Click("[aria-label='Edit']", 0);
        var edit = page.Find(".edit")[0];
        edit.SendKeys(Keys.Control + "a" + Keys.Null + "three" + Keys.Enter);
        page.Until(() => page.Find(".bubble").Count == 1 && page.Find(".bubble")[0].Text == "three");
        page.UntilAnswered();

        Assert.Equal("""[{"role":"user","content":"three"}]""", Messages(2));
        Assert.Equal("You said three.", Assert.Single(page.Find(".assistant .content")).Text);
        page.Click(".user [aria-label='The version before']");
        Assert.Equal(["one", "two"], page.Find(".bubble").Select(bubble => bubble.Text));
    }

    [Fact]
    public void Conversations_Several_AreKeptInTheBrowser()
    {
        page.Open();
        page.Ask("First talk");
        page.Click("#new-chat");
        Assert.Empty(page.Find(".message"));
        page.Ask("Second talk");
        page.Reload();

        Assert.Equal(["Second talk", "First talk"], Titles());
        Assert.Equal("Second talk", page.Find(".bubble")[0].Text);
        page.Click(".conversation", 1);
        Assert.Equal("First talk", page.Find(".bubble")[0].Text);
        page.Click("[aria-label='Delete “First talk”']");
        Assert.Equal(["Second talk"], Titles());
        Assert.Empty(page.Find(".message"));

        string[] Titles() => [.. page.Find(".conversation").Select(one => one.Text)];
    }

    [Fact]
    public void Settings_Saved_AreThoseOfTheRequest()
    {
        page.Open();
        page.Click("#open-settings");
        Fill("system", "Be brief.");
        Fill("temperature", "0,5");
        Fill("max_tokens", "20");
        Fill("stop", "END");
        Fill("schema", "{\"type\": ");
        page.Click("#settings-form .primary");
        Assert.StartsWith("JSON schema: ", page.Find("#settings-error")[0].Text, StringComparison.Ordinal);
        Fill("schema", """{"type":"object"}""");
        page.Click("#settings-form .primary");
        Assert.False(page.Run<bool>("return document.getElementById('settings').open"));

        page.Ask("Now");

        var request = page.Server.Requests[0];
        Assert.Equal(
            (0.5, 20, "END"),
            (request.GetProperty("temperature").GetDouble(), request.GetProperty("max_tokens").GetInt32(),
                request.GetProperty("stop")[0].GetString()));
        Assert.Equal("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Now"}]""", Messages(0));
        var format = request.GetProperty("response_format");
        Assert.Equal("json_schema", format.GetProperty("type").GetString());
        Assert.Equal("""{"type":"object"}""", format.GetProperty("json_schema").GetProperty("schema").GetRawText());
        Assert.False(request.TryGetProperty("top_k", out _));
        Assert.Equal("system prompt · JSON schema", page.Find("#mode")[0].Text);
    }

    [Fact]
    public void Key_Needed_IsAskedForAndKeptForTheTab()
    {
        page.Open();
        page.Server.Key = "secret";
        page.Send("Hello?");
        page.Until(() => page.Find("#key")[0].Displayed);

        page.Find("#key")[0].SendKeys("secret" + Keys.Enter);

        page.Until(() => page.Find(".assistant .content").Any(content => content.Text == "Hello."));
        Assert.Single(page.Find(".assistant"));
        page.Reload();
        page.Server.Key = "secret";
        page.Ask("Again?");
        Assert.Equal(2, page.Server.Requests.Count);
        Assert.False(page.Run<bool>("return JSON.stringify(localStorage).includes('secret')"));
    }

    [Fact]
    public void Call_OfATool_IsShownAndItsResultSent()
    {
        page.Open();
        page.Server.Answer = request => page.Server.Requests.Count > 1 ? ScriptedServer.Say("It is sunny.") : Parts(
            """{"reasoning_content":"I should look."}""",
            """{"tool_calls":[{"index":0,"id":"abc123def","type":"function","function":{"name":"weather","arguments":""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}]}""");
        page.Send("Weather?");
        page.UntilAnswered();

        Assert.Equal("weather", page.Find(".call-name")[0].Text);
        Assert.Equal("{\n  \"city\": \"Paris\"\n}", page.Run<string>("return document.querySelector('.call code').textContent"));
        Assert.Equal("Thoughts", page.Find(".reasoning summary")[0].Text);
        Assert.False(page.Run<bool>("return document.querySelector('.reasoning').open"));
        Assert.Equal("I should look.", page.Run<string>("return document.querySelector('.thought').textContent"));
        page.Find(".results textarea")[0].SendKeys("sunny");
        page.Click(".results .primary");
        page.UntilAnswered();

        Assert.Equal("It is sunny.", page.Find(".assistant .content")[^1].Text);
        Assert.Equal(
            """[{"role":"user","content":"Weather?"},{"role":"assistant","content":"","tool_calls":[{"id":"abc123def","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}]},{"role":"tool","tool_call_id":"abc123def","content":"sunny"}]""",
            Messages(1));
    }

    [Fact]
    public void Answer_Failed_SaysWhyAndMayBeMadeAgain()
    {
        page.Open();
        page.Server.Answer = _ => Parts("""{"content":"So"}""", """{"error":{"message":"the device failed"}}""");
        page.Send("Hello");
        page.UntilAnswered();

        Assert.Equal("the device failed", page.Find(".assistant .error")[0].Text);
        Assert.Equal("So", page.Find(".assistant .content")[0].Text);
        page.Server.Answer = _ => ScriptedServer.Say("Better.");
        page.Click("[aria-label='Answer again']");
        page.UntilAnswered();
        Assert.Equal("Better.", page.Find(".assistant .content")[0].Text);
    }

    private string Messages(int request) => page.Server.Requests[request].GetProperty("messages").GetRawText();

    private void Fill(string name, string value)
    {
        var field = page.Find($"[name='{name}']")[0];
        field.Clear();
        field.SendKeys(value);
    }

    private static async IAsyncEnumerable<string> Endless()
    {
        while (true)
        {
            yield return """{"content":"on and on "}""";
            await Task.Delay(20, Cancellation);
        }
    }

    private static async IAsyncEnumerable<string> Parts(params string[] deltas)
    {
        foreach (string delta in deltas)
        {
            await Task.Yield();
            yield return delta;
        }
    }
}
