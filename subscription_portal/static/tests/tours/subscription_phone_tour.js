import { registry } from "@web/core/registry";

// a stroke, as a finger draws it
async function draw({ anchor }) {
    const box = anchor.getBoundingClientRect();
    const point = (share) => ({
        bubbles: true,
        cancelable: true,
        isPrimary: true,
        pointerId: 1,
        buttons: 1,
        clientX: box.left + box.width * share,
        clientY: box.top + box.height * (0.3 + 0.4 * (Math.round(share * 10) % 2)),
    });
    anchor.dispatchEvent(new PointerEvent("pointerdown", point(0.1)));
    for (const share of [0.3, 0.5, 0.7, 0.9]) {
        anchor.dispatchEvent(new PointerEvent("pointermove", point(share)));
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
    anchor.dispatchEvent(new PointerEvent("pointerup", { ...point(0.9), buttons: 0 }));
}

function fits() {
    return {
        content: "nothing is wider than the screen",
        trigger: "body",
        run() {
            if (document.documentElement.scrollWidth > window.innerWidth) {
                throw new Error(`${document.documentElement.scrollWidth} px wide`);
            }
        },
    };
}

const card = (number) => ({
    content: "type a card",
    trigger: ".modal input[name=customer_input]",
    run: `edit ${number}`,
});

const pay = {
    content: "pay",
    trigger: ".modal button[name=o_payment_submit_button]:enabled",
    run: "click",
    expectUnloadPage: true,
};

const noStoredCard = {
    content: "no card that was stored before",
    trigger: ".modal #o_payment_form:not(:has([data-payment-option-type=token]))",
};

// by the link of a quotation: sign it with a finger, pay it, keep the card
registry.category("web_tour.tours").add("subscription_phone_sign_and_pay", {
    steps: () => [
        { content: "what is accepted", trigger: "#subscription h4" },
        fits(),
        { content: "sign", trigger: "#sale_order_sidebar_button a:contains(Sign)", run: "click" },
        { content: "say who", trigger: ".modal .o_web_sign_name_input", run: "edit Mary Phone" },
        { content: "by hand", trigger: ".modal .o_web_sign_draw_button", run: "click" },
        { content: "draw", trigger: ".modal canvas.o_web_sign_signature", run: draw },
        {
            content: "accept",
            trigger: ".modal .o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "signed, to be paid", trigger: "#quote_content .alert-success:contains(needs to be paid)" },
        card("4242 4242 4242 4242"),
        noStoredCard,
        { content: "keep the card", trigger: ".modal input[name=o_payment_tokenize_checkbox]", run: "click" },
        pay,
        {
            content: "the contract is open, and where to find it",
            trigger: ".alert[name=subscription_contract] a[href*='/web/login?redirect=/my/subscriptions/']",
        },
        fits(),
    ],
});

// by the link in the mail of a failed payment: see why, pay now
registry.category("web_tour.tours").add("subscription_phone_pay_now", {
    steps: () => [
        { content: "what failed, and why", trigger: ".alert[name=payment_failure]:contains(Declined by the bank)" },
        fits(),
        { content: "pay now", trigger: "a[data-bs-target='#pay_with']:visible", run: "click" },
        card("4000 0000 0000 0077"),
        noStoredCard,
        {
            content: "nor is this one stored",
            trigger: ".modal #o_payment_form:not(:has([name=o_payment_tokenize_checkbox]))",
        },
        pay,
        { content: "paid", trigger: "[name=invoice_paid_badge]:visible" },
        { content: "nothing failed any more", trigger: "body:not(:has([name=payment_failure]))" },
        fits(),
    ],
});

// the same with a login, from the page of the contract
registry.category("web_tour.tours").add("subscription_phone_pay_now_from_contract", {
    steps: () => [
        { content: "what failed, and why", trigger: ".alert-danger:contains(Declined by the bank)" },
        fits(),
        {
            content: "pay now",
            trigger: ".alert-danger a.btn:contains(Pay now)",
            run: "click",
            expectUnloadPage: true,
        },
        { content: "not by the card that failed", trigger: ".modal [name=o_payment_expand_button]", run: "click" },
        { content: "a new one", trigger: ".modal [data-payment-option-type=payment_method]", run: "click" },
        card("4000 0000 0000 0077"),
        pay,
        { content: "paid", trigger: "[name=invoice_paid_badge]:visible" },
    ],
});
