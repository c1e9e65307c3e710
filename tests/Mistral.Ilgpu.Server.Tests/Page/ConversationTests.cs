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
        // An answer that comes at once, as a machine at work may bring it, has no speed.
        Assert.Matches(
            @"^([0-9.]+ tokens/s · )?9 tokens · 2 of 5 prompt tokens cached · first after [0-9.]+ s$", page.Find(".stats")[0].Text);
        Assert.Equal("scripted", page.Find("#model option")[0].Text);
        Assert.Equal("Good morning", page.Find("#title")[0].Text);
        Assert.Equal("""[{"role":"user","content":"Good morning"}]""", page.Messages(0));
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
        page.Server.Answer = _ => ScriptedServer.Endless();
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
            page.Messages(2));

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

        Assert.Equal("""[{"role":"user","content":"three"}]""", page.Messages(2));
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
    public void Page_LeftWhileAnswering_KeepsWhatCame()
    {
        page.Open();
        page.Server.Answer = _ => ScriptedServer.Endless();
        page.Send("Go on");
        page.Until(() => page.Find(".assistant .content").Any(content => content.Text.StartsWith("on and on", StringComparison.Ordinal)));

        page.Reload();

        Assert.StartsWith("on and on", page.Find(".assistant .content")[0].Text, StringComparison.Ordinal);
        Assert.Equal("Send", page.Find("#send")[0].GetAttribute("aria-label"));
    }

    [Fact]
    public void Browser_WithoutRoom_SaysSoAndGoesOn()
    {
        page.Open();
        page.Driver.ExecuteScript("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };");

        Assert.Equal("Hello.", page.Ask("One more"));

        Assert.Contains("no room", page.Find("#mode")[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Conversation_DeletedWhileAnswering_StaysDeleted()
    {
        page.Open();
        page.Server.Answer = _ => ScriptedServer.Endless();
        page.Send("Go on");
        page.Until(() => page.Find(".assistant .content").Any(content => content.Text.Length > 0));

        page.Click(".conversations .icon-button");

        page.UntilAnswered();
        Assert.Empty(page.Find(".conversation"));
        page.Reload();
        Assert.Empty(page.Find(".conversation"));
    }
}
